import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { call, logIn } from './support/service.mjs'
import { story } from './support/story.mjs'

/** The entry of the newest request with this method and path below the API. */
const entry = (person, method, path) => person.page.locator('#requests li.exchange')
  .filter({ has: person.page.locator('.method', { hasText: new RegExp(`^${method}$`) }) })
  .filter({ has: person.page.locator('.path', { hasText: new RegExp(`${path}$`) }) }).last()

async function opened(person, method, path) {
  const one = entry(person, method, path)
  await one.locator('summary').click()
  return one
}

const shell = (command, environment = {}) =>
  execFileSync('sh', { input: command, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'], env: { PATH: process.env.PATH, ...environment } })

/** What the shell makes of the words of a command. */
const wordsOf = (command) => shell(`curl() { printf '%s\\0' "$@"; }\n${command}`).split('\0').slice(0, -1)

story('A request is copied with the token, after a warning, and works in a shell', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  await anna.opensDrawer()
  const one = await opened(anna, 'GET', '/profile')
  await one.getByText('200').first().waitFor()
  await one.getByRole('button', { name: 'Copy with my token' }).click()
  await anna.sees('Whoever has this command can act as you')
  await one.getByRole('button', { name: 'Copy it with the token' }).click()
  await anna.sees('The command is copied.')
  const command = await anna.clipboard()
  const answer = shell(command)
  assert.match(answer, /^HTTP\/1\.1 200/)
  assert.ok(answer.includes(anna.phone))

  await one.getByRole('button', { name: 'Copy as curl' }).click()
  await anna.page.waitForFunction((before) => navigator.clipboard.readText().then((text) => text !== before), command)
  const plain = await anna.clipboard()
  assert.doesNotMatch(plain, /eyJ/)
  const [, token] = /Bearer ([\w.-]+)/.exec(command)
  assert.match(shell(plain, { ACCESS_TOKEN: token }), /^HTTP\/1\.1 200/)
  assert.match(shell(plain), /^HTTP\/1\.1 401/)
})

story('Each request that needs no token works in a shell as it is copied', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.opensDrawer()
  await anna.asksForCode()
  await anna.readsCode()
  for (const [method, path] of [['POST', '/auth/phone'], ['GET', '/dev/inbox']]) {
    const one = await opened(anna, method, path)
    await anna.page.evaluate(() => navigator.clipboard.writeText(''))
    await one.getByRole('button', { name: 'Copy as curl' }).click()
    await anna.page.waitForFunction(() => navigator.clipboard.readText())
    assert.match(shell(await anna.clipboard()), /^HTTP\/1\.1 200/, path)
  }
})

story('The login is copied as one whose refresh token comes in the body', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  await anna.opensDrawer()
  const one = await opened(anna, 'POST', '/auth/verify')
  await one.getByText('This page has the refresh token put into a cookie').waitFor()
  await one.getByRole('button', { name: 'Copy as curl' }).click()
  await anna.sees('The command is copied.')
  const words = wordsOf(await anna.clipboard())
  const body = JSON.parse(words[words.indexOf('-d') + 1])
  assert.equal(body.refresh_token_in, undefined)
  assert.match(body.code, /^\d{4}$/)
})

story('Quotes, spaces and signs of the shell arrive as they were typed', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  const name = `O'Neill "$HOME" \`id\` \\ ünï`
  anna.announce('PATCH /api/v1/profile', 422)
  await anna.write('E-mail', name)
  await anna.press('Save changes')
  await anna.sees('This is not an e-mail address.')
  await anna.opensDrawer()
  const one = await opened(anna, 'PATCH', '/profile')
  await one.getByRole('button', { name: 'Copy as curl' }).click()
  await anna.sees('The command is copied.')
  const words = wordsOf(await anna.clipboard())
  assert.deepEqual(JSON.parse(words[words.indexOf('-d') + 1]), { email: name })
})

story('Tokens and codes are shortened until one asks to see them whole', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.asksForCode()
  const login = await anna.answerTo('/auth/verify', () => anna.press('Use this code'))
  const { access_token: token, device_token: device } = await login.json()
  await anna.seesAccount()
  await anna.opensDrawer()
  const drawer = anna.page.locator('#requests')
  for (const summary of await drawer.locator('summary').all()) await summary.click()
  const shortened = await drawer.innerText()
  for (const secret of [token, device]) assert.ok(!shortened.includes(secret))
  await anna.page.getByLabel('Show tokens and PINs whole').check()
  const whole = await drawer.innerText()
  for (const secret of [token, device]) assert.ok(whole.replace(/\s/g, '').includes(secret))
})

/** What "Copy as curl" of this entry puts on the clipboard. */
async function copied(person, one) {
  await person.page.evaluate(() => navigator.clipboard.writeText(''))
  await one.getByRole('button', { name: 'Copy as curl' }).click()
  await person.page.waitForFunction(() => navigator.clipboard.readText())
  return person.clipboard()
}

story('PINs and the device token are variables of the shell until one asks to see them whole', async ({ arrives }) => {
  const anna = await arrives('Anna')
  const { access_token: token, device_token: device } = await logIn(anna.base, anna.phone)
  await call(anna.base, 'PUT', '/profile/pin', { token, body: { pin: '493817' } })
  await anna.open()
  await anna.page.evaluate((known) => localStorage.setItem('phone-auth.device-token', known), device)
  await anna.opensDrawer()
  await anna.asksForCode()
  anna.announce('POST /api/v1/auth/verify', 401)
  await anna.press('Use this code')
  await anna.seesHeading('Enter your PIN')
  await anna.write('PIN', '493817')
  const login = await anna.answerTo('/auth/verify', () => anna.press('Continue'))
  const { access_token: access } = await login.json()
  await anna.seesAccount()
  const dialog = anna.page.getByRole('dialog')
  await anna.press('Change PIN')
  await dialog.getByLabel('Current PIN').fill('493817')
  await dialog.getByLabel('New PIN', { exact: true }).fill('271828')
  await dialog.getByLabel('New PIN again').fill('271828')
  await dialog.getByRole('button', { name: 'Change PIN' }).click()
  await anna.sees('Your PIN is set.')
  await anna.press('Remove PIN')
  await dialog.getByLabel('Current PIN').fill('271828')
  await dialog.getByRole('button', { name: 'Remove PIN' }).click()
  await anna.sees('Your PIN is removed.')

  const verify = await opened(anna, 'POST', '/auth/verify')
  const change = await opened(anna, 'PUT', '/profile/pin')
  const removal = await opened(anna, 'DELETE', '/profile/pin')
  const drawer = anna.page.locator('#requests')
  const code = await opened(anna, 'POST', '/auth/phone')
  const commands = []
  for (const one of [verify, change, removal, code]) commands.push(await copied(anna, one))
  for (const text of [await drawer.innerHTML(), ...commands]) {
    assert.doesNotMatch(text, /493817|271828/)
    assert.ok(!text.includes(device))
  }
  await anna.sees('Set in your shell first: PIN.', verify)
  await anna.sees('Set in your shell first: ACCESS_TOKEN, PIN, CURRENT_PIN.', change)
  await anna.sees('Set in your shell first: ACCESS_TOKEN, CURRENT_PIN.', removal)

  await anna.sees('Set in your shell first: DEVICE_TOKEN.', code)

  // They run as they are pasted.
  assert.match(shell(commands[3], { DEVICE_TOKEN: device }), /^HTTP\/1\.1 200/)
  const pin = { ACCESS_TOKEN: access, PIN: '161803', CURRENT_PIN: '161803' }
  assert.match(shell(commands[1], { ...pin, CURRENT_PIN: '' }), /^HTTP\/1\.1 422/)
  assert.match(shell(commands[1], pin), /^HTTP\/1\.1 204/)
  assert.match(shell(commands[2], { ...pin, CURRENT_PIN: '271828' }), /^HTTP\/1\.1 401/)

  // With the token it acts as the person; the PIN stays away all the same.
  await change.getByRole('button', { name: 'Copy with my token' }).click()
  await anna.sees('Set in your shell first: PIN, CURRENT_PIN.', change)
  const before = await anna.clipboard()
  await change.getByRole('button', { name: 'Copy it with the token' }).click()
  await anna.page.waitForFunction((old) => navigator.clipboard.readText().then((text) => text !== old), before)
  const withToken = await anna.clipboard()
  assert.doesNotMatch(withToken, /493817|271828/)
  assert.match(shell(withToken, pin), /^HTTP\/1\.1 204/)

  await anna.page.getByLabel('Show tokens and PINs whole').check()
  await anna.sees('Set in your shell first: ACCESS_TOKEN.', change)
  assert.match(await change.locator('.curl').innerText(), /"pin":"271828","current_pin":"493817"/)
  assert.match(await copied(anna, removal), /"current_pin":"271828"/)
  assert.ok((await copied(anna, code)).includes(device))
  await anna.page.getByLabel('Show tokens and PINs whole').uncheck()
  assert.doesNotMatch(await drawer.innerHTML(), /493817|271828/)
})

const EMPTIED = 'Emptied when the session ended.'

story('With a logout the requests are gone, in the other tab as well', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  await anna.opensDrawer()
  const dialog = anna.page.getByRole('dialog')
  await anna.press('Set PIN')
  await dialog.getByLabel('New PIN', { exact: true }).fill('493817')
  await dialog.getByLabel('New PIN again').fill('493817')
  await dialog.getByRole('button', { name: 'Set PIN' }).click()
  await anna.sees('Your PIN is set.')
  const other = await anna.opensOtherTab()
  const tabs = [other, anna]
  const tokens = []
  for (const { page } of tabs) {
    // One that is not in front is slow.
    await page.bringToFront()
    await page.locator('#requests details').evaluateAll((all) => all.forEach((one) => { one.open = true }))
    await page.getByLabel('Show tokens and PINs whole').check()
    tokens.push(...(await page.locator('#requests').innerText()).match(/eyJ[\w.-]{100,}/g))
  }

  await anna.press('Log out')
  await anna.sees('You are logged out.')
  await other.sees('You logged out in another tab.')
  for (const tab of tabs) {
    await tab.sees(EMPTIED, tab.page.locator('#requests'))
    assert.equal(await tab.page.locator('#requests li').count(), 0)
    assert.equal(await tab.page.getByLabel('Show tokens and PINs whole').isChecked(), false)
    const content = await tab.page.content()
    for (const secret of [...tokens, '493817', anna.phone]) assert.ok(!content.includes(secret), secret)
  }
  await anna.looksRight()

  // Who comes next begins with an empty list.
  await anna.asksForCode()
  await anna.seesNo(EMPTIED)
})

story('With a session that ended elsewhere the requests are gone', async ({ arrives, phone }) => {
  const laptop = await arrives('Anna')
  await laptop.comesIn()
  await laptop.opensDrawer()
  const { access_token: token } = await logIn(laptop.base, phone('Anna'))
  await call(laptop.base, 'POST', '/auth/logout', { token, body: { scope: 'others' } })
  laptop.announce('PATCH /api/v1/profile', 401)
  laptop.announce('POST /api/v1/auth/refresh', 401)
  await laptop.write('First name', 'Anna')
  await laptop.press('Save changes')
  await laptop.isLoggedOut()
  await laptop.sees(EMPTIED)
  assert.equal(await laptop.page.locator('#requests li').count(), 0)
})

story('Each request says what it does, and leads to its place in the reference', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  await anna.opensDrawer()
  const document = await (await fetch(`${anna.base}/openapi.json`)).json()
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path)
    .map((operation) => operation && `redoc#tag/${operation.tags?.[0]}/operation/${operation.operationId}`))
  const entries = await anna.page.locator('#requests li.exchange').all()
  assert.ok(entries.length >= 6)
  for (const one of entries) {
    assert.notEqual(await one.locator('.what').innerText(), '')
    const address = await one.locator('.what a').getAttribute('href')
    assert.ok(operations.includes(address.slice(anna.base.length + 1)), address)
  }
})

story('The drawer stays open or closed over a reload, counts, and can be emptied', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  const drawer = anna.page.locator('#requests')
  const toggle = anna.page.getByRole('button', { name: /^Requests/ })
  assert.equal(await drawer.isVisible(), false)
  await toggle.click()
  const count = await drawer.locator('li.exchange').count()
  assert.equal(await toggle.locator('.count').innerText(), String(count))
  await anna.press('Clear')
  await anna.sees('Nothing yet. Enter a number and watch.')
  await anna.reloads()
  await drawer.waitFor()
  await drawer.locator('summary').first().focus()
  await anna.page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'hidden' })
  assert.equal(await toggle.evaluate((button) => button === document.activeElement), true)
  await anna.reloads()
  assert.equal(await drawer.isVisible(), false)
})
