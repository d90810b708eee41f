import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
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
  const login = anna.page.waitForResponse((answer) => answer.url().endsWith('/auth/verify'))
  await anna.comesIn()
  const { access_token: token, device_token: device } = await (await login).json()
  await anna.opensDrawer()
  const drawer = anna.page.locator('#requests')
  for (const summary of await drawer.locator('summary').all()) await summary.click()
  const shortened = await drawer.innerText()
  for (const secret of [token, device]) assert.ok(!shortened.includes(secret))
  await anna.page.getByLabel('Show tokens and PINs whole').check()
  const whole = await drawer.innerText()
  for (const secret of [token, device]) assert.ok(whole.replace(/\s/g, '').includes(secret))
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
  await anna.page.reload()
  await anna.isLoggedIn()
  await drawer.waitFor()
  await anna.isSettled()
  await drawer.locator('summary').first().focus()
  await anna.page.keyboard.press('Escape')
  await drawer.waitFor({ state: 'hidden' })
  assert.equal(await toggle.evaluate((button) => button === document.activeElement), true)
  await anna.page.reload()
  await anna.isLoggedIn()
  assert.equal(await drawer.isVisible(), false)
  await anna.isSettled()
})
