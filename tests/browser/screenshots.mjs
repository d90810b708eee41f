// Pictures of the main states of the page, the same each time: numbers, names, codes and times are made up here.
// Only the QR code is that of the moment.

import { createRequire } from 'node:module'
import { mkdirSync, writeFileSync } from 'node:fs'
import { close } from './support/browser.mjs'
import { Person } from './support/person.mjs'
import { logIn, shared } from './support/service.mjs'

const UPNG = createRequire(new URL('../../target/browser/node/', import.meta.url))('upng-js')
const COLOURS = 128
const LARGEST = 120 * 1024

const NOW = new Date('2026-03-02T09:41:00Z')
const CODE = '4729'
const INVITE_CODE = 'K7WQ2M'
const CHALLENGE = `eyJ0eXAiOiJvdHArandlIn0..${'q7'.repeat(80)}`

const [folder] = process.argv.slice(2)
const sizes = { 1280: { width: 1280, height: 860 }, 390: { width: 390, height: 844 } }

/** Somebody before whom all times, codes and tokens are those of the pictures. */
async function actor(phone, width, { secrets = {}, ...options } = {}) {
  const person = await Person.arrive(phone, shared, {
    viewport: sizes[width], deviceScaleFactor: width === 390 ? 2 : 1, reducedMotion: 'reduce', timezoneId: 'UTC', ...options,
  })
  const { context } = person
  await context.clock.setFixedTime(NOW)
  await context.addInitScript(() => {
    let now = 0
    performance.now = () => (now += 12)
  })
  await context.route(/\/(api\/v1|dev)\//, async (route) => {
    const request = route.request()
    const body = request.postData()?.replace(CHALLENGE, secrets.challenge).replace(`"${CODE}"`, `"${secrets.code}"`)
    const response = await route.fetch(body && !request.headers()['content-type'].startsWith('image/') ? { postData: body } : {})
    if (!response.headers()['content-type']?.includes('json')) return route.fulfill({ response })
    const text = await response.text()
    const told = JSON.parse(text)
    secrets.challenge = told.challenge_token ?? secrets.challenge
    secrets.code = told.messages?.[0]?.code ?? secrets.code
    const shown = text
      .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, JSON.stringify(NOW))
      .replaceAll(secrets.challenge ?? CHALLENGE, CHALLENGE)
      .replace(/("invite_code":")[A-Z0-9]{6}/g, `$1${INVITE_CODE}`)
      .replace(/http:\/\/localhost:\d+\/i\/[A-Z0-9]{6}/g, `https://auth.example.com/i/${INVITE_CODE}`)
    const finished = told.messages ? shown.replaceAll(secrets.code, CODE) : shown
    return route.fulfill({ response, body: finished, headers: { ...response.headers(), date: NOW.toUTCString() } })
  })
  return person
}

async function take(person, name, { fullPage = false, at = null } = {}) {
  await person.page.evaluate((selector) => {
    document.activeElement?.blur()
    const top = selector ? document.querySelector(selector).getBoundingClientRect().top + scrollY - 16 : 0
    scrollTo({ top, behavior: 'instant' })
  }, at)
  await person.page.evaluate(() => document.fonts.ready)
  const picture = UPNG.decode(await person.page.screenshot({ fullPage, caret: 'hide', animations: 'disabled' }))
  const small = Buffer.from(UPNG.encode(UPNG.toRGBA8(picture), picture.width, picture.height, COLOURS))
  const path = `${folder}/${name}.png`
  writeFileSync(path, small)
  console.log(`${path} ${(small.length / 1024).toFixed(0)} KiB`)
  if (small.length > LARGEST) throw new Error(`${path} is larger than ${LARGEST / 1024} KiB`)
}

const number = (last) => `+7999123450${last}`

/** What is in the pictures of an account. */
async function prepare(phone, names) {
  const { user, access_token: token } = await logIn(shared, phone)
  for (let friend = 1; friend <= 3; friend += 1) {
    await logIn(shared, `${phone.slice(0, 7)}67${friend}${phone.slice(-2)}`, { invite_code: user.invite_code })
  }
  const authorized = { Authorization: `Bearer ${token}` }
  await fetch(`${shared}/api/v1/profile`, {
    method: 'PATCH', headers: { ...authorized, 'Content-Type': 'application/json' }, body: JSON.stringify(names),
  })
  await fetch(`${shared}/api/v1/auth/logout`, {
    method: 'POST', headers: { ...authorized, 'Content-Type': 'application/json' }, body: '{"scope":"all"}',
  })
}

const ANNA = { first_name: 'Anna', last_name: 'Petrova', email: 'anna@example.com' }

mkdirSync(folder, { recursive: true })
for (const width of [1280, 390]) {
  const phone = number(width === 390 ? 1 : 2)
  await prepare(phone, ANNA)
  const anna = await actor(phone, width)
  await anna.open()
  await anna.isLoggedOut()
  await take(anna, `sign-in-${width}`)
  await anna.asksForCode()
  await anna.readsCode()
  await take(anna, `code-${width}`, { fullPage: width === 390 })
  await anna.opensDrawer()
  await anna.page.locator('#requests summary').first().click()
  await take(anna, `drawer-${width}`)
  await anna.press('Close the requests')
  await anna.press('Use this code')
  await anna.seesAccount()
  await take(anna, `account-${width}`)
  await take(anna, `invite-${width}`, { at: 'section.invite' })
  await anna.leave()
}

const dark = await actor(number(3), 1280, { colorScheme: 'dark' })
await dark.open()
await dark.asksForCode()
await dark.readsCode()
await take(dark, 'code-dark-1280')
await dark.leave()

const russian = await actor(number(4), 390, { locale: 'ru-RU', colorScheme: 'dark' })
await russian.open()
await russian.seesHeading('Вход')
await take(russian, 'sign-in-russian-390')
await russian.leave()
await close()
