import assert from 'node:assert/strict'
import { Person } from './support/person.mjs'
import { call, codeFor, shared } from './support/service.mjs'
import { slowly } from './support/slow.mjs'
import { story } from './support/story.mjs'

const REFRESH_PATH = '/api/v1/auth/refresh'
const REFRESH = `POST ${REFRESH_PATH}`

story('A reload stays logged in', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  for (let time = 0; time < 2; time += 1) await anna.reloads()
})

story('Two tabs that reload at once both stay logged in', async ({ arrives }) => {
  // What is under way is counted where the service is: what the browser tells of two tabs may come in any order.
  const line = await slowly(shared, REFRESH_PATH, 300)
  const anna = await arrives('Anna', { base: line.base })
  await anna.comesIn()
  const other = await anna.opensOtherTab()
  // A token that is traded twice looks stolen, so the tabs have to wait for each other.
  const tabs = [anna, other]
  let release
  const held = new Promise((resolve) => { release = resolve })
  await anna.context.route(`**${REFRESH_PATH}`, async (route) => {
    await held
    await route.continue()
  })
  const reloads = tabs.map((tab) => tab.page.reload())
  for (const tab of tabs) {
    await tab.seesHeading('One moment…')
    await tab.page.evaluate(() => new Promise((done) => { navigator.locks.query().then(done) }).then(() => 0))
  }
  release()
  await Promise.all(reloads)
  for (const tab of tabs) await tab.seesAccount()
  assert.equal(line.most(), 1)
  line.close()
})

story('Whoever reloads ten times in a row stays logged in, also where answers are slow', async ({ phone }) => {
  const slow = await slowly(shared, REFRESH_PATH, 100)
  // Not watched: a reload cuts off what is under way, and that is no failure.
  const anna = await Person.arrive(phone('Anna'), slow.base)
  try {
    await anna.comesIn()
    for (let time = 0; time < 10; time += 1) {
      await anna.page.reload({ waitUntil: 'commit' })
      // Time for the refresh to reach the service, and none for its answer.
      await anna.page.waitForTimeout(200)
    }
    await anna.seesAccount()
    await anna.page.reload()
    await anna.isLoggedIn()
  } finally {
    await anna.leave()
    slow.close()
  }
})

story('Several tabs that reload at once stay logged in where the browser has no locks', async ({ arrives }) => {
  const slow = await slowly(shared, REFRESH_PATH, 300)
  const anna = await arrives('Anna', { base: slow.base })
  await anna.context.addInitScript(() => { Object.defineProperty(navigator, 'locks', { value: undefined }) })
  await anna.comesIn()
  const tabs = [anna]
  for (let tab = 0; tab < 5; tab += 1) tabs.push(await anna.opensOtherTab())
  await Promise.all(tabs.map((tab) => tab.page.reload()))
  for (const tab of tabs) await tab.seesAccount()
  slow.close()
})

story('Whose cookie it is decides which account is shown and changed', async ({ arrives, phone }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  // Another program of the same origin logs somebody else in.
  const { challenge_token } = await call(shared, 'POST', '/auth/phone', { body: { phone: phone('Boris') } })
  const body = { challenge_token, code: await codeFor(shared, phone('Boris')), refresh_token_in: 'cookie' }
  await anna.page.evaluate((login) => fetch('api/v1/auth/verify', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(login),
  }).then((answer) => answer.text()).then(() => 0), body)
  await anna.page.clock.install()
  await anna.page.clock.fastForward('11:00')
  await anna.write('First name', 'Anna')
  await anna.press('Save changes')
  // What she meant for her account is not written into his, which is shown now.
  await anna.sees(new RegExp(`${phone('Boris').slice(-4, -2)}-${phone('Boris').slice(-2)}`))
  await anna.isSettled()
  assert.equal(await anna.field('First name').inputValue(), '')
})

story('An answer that is none of the service ends no session and is not asked for again and again', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  for (const [status, failure] of [[200, null], [403, 403], [401, 401]]) {
    let asked = 0
    await anna.page.route(`**${REFRESH_PATH}`, (route) => {
      asked += 1
      return route.fulfill({ status, contentType: 'text/html', body: '<p>Log in to this network.' })
    })
    if (failure) anna.announce(REFRESH, failure, 2)
    await anna.page.reload()
    await anna.answerTo('/auth/refresh', () => anna.press('Try again'))
    // The one that was pressed stands there as well, but can be pressed no more.
    await anna.page.getByRole('button', { name: 'Try again', disabled: false }).waitFor()
    await anna.watch.quiet(anna.page)
    assert.equal(asked, 2)
    await anna.page.unroute(`**${REFRESH_PATH}`)
    await anna.reloads()
  }
})

story('An account that is on its way is not shown after a logout in another tab', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  const other = await anna.opensOtherTab()
  let release
  const held = new Promise((resolve) => { release = resolve })
  let arrived
  const asked = new Promise((resolve) => { arrived = resolve })
  await other.page.route('**/api/v1/profile', async (route) => {
    const response = await route.fetch()
    arrived()
    await held
    await route.fulfill({ response })
  })
  await other.page.reload()
  await asked
  await anna.press('Log out')
  await other.isLoggedOut()
  release()
  await other.watch.quiet(other.page)
  await other.isLoggedOut()
})

story('A tab that is just taking up the login hears of a logout in another one', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  const other = await anna.otherTab()
  let release
  const held = new Promise((resolve) => { release = resolve })
  await other.page.route(`**${REFRESH_PATH}`, async (route) => {
    await held
    await route.continue()
  })
  await other.open()
  await other.seesHeading('One moment…')
  await anna.press('Log out')
  await other.sees('You logged out in another tab.')
  other.announce(REFRESH, 401)
  release()
  await other.watch.quiet(other.page)
  await other.isLoggedOut()
})

story('A logout ends the login in the other tab as well, and after a reload', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  const other = await anna.opensOtherTab()
  await anna.press('Log out')
  await anna.sees('You are logged out.')
  await other.sees('You logged out in another tab.')
  await other.page.reload()
  await other.isLoggedOut()
  assert.deepEqual(await anna.context.cookies(), [])
})

story('A login in one tab is taken up by the other', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  const other = await anna.otherTab()
  await other.open()
  await other.isLoggedOut()
  await anna.logsIn()
  await other.seesAccount()
})

story('A session that is ended from another device is logged out there', async ({ arrives, phone }) => {
  const laptop = await arrives('Anna')
  await laptop.comesIn()
  const tablet = await arrives('Anna on a tablet', { number: phone('Anna') })
  await tablet.comesIn()
  await laptop.reloads()
  await laptop.card('Where you are logged in').getByRole('button', { name: /^End: / }).click()
  await laptop.sees('Session ended.')
  await laptop.card('Where you are logged in').getByRole('listitem').nth(1).waitFor({ state: 'detached' })

  tablet.announce('PATCH /api/v1/profile', 401)
  tablet.announce(REFRESH, 401)
  await tablet.write('First name', 'Anna')
  await tablet.press('Save changes')
  await tablet.sees('Your session has ended. Please sign in again.')
  await tablet.isLoggedOut()
  await tablet.looksRight()
  await laptop.reloads()
})

story('All other sessions can be ended at once', async ({ arrives, phone }) => {
  const first = await arrives('Anna')
  await first.comesIn()
  const second = await arrives('Anna on a second device', { number: phone('Anna') })
  await second.comesIn()
  const third = await arrives('Anna on a third device', { number: phone('Anna') })
  await third.comesIn()
  const card = third.card('Where you are logged in')
  assert.equal(await card.getByRole('listitem').count(), 3)
  await third.press('End all others')
  await third.sees('All other sessions are ended.')
  await card.getByRole('listitem').nth(1).waitFor({ state: 'detached' })
  await third.sees('this device', card)
  for (const ended of [first, second]) {
    ended.announce(REFRESH, 401)
    await ended.page.reload()
    await ended.sees('Your session has ended. Please sign in again.')
  }
})

story('A list of sessions that does not come can be asked for again', async ({ arrives }) => {
  const anna = await arrives('Anna')
  // What is said until one can try again is there for a minute, however long the rest of the account takes.
  await anna.page.clock.install()
  const busy = (route) => route.fulfill({ status: 503, headers: { 'Retry-After': '60' }, contentType: 'text/plain', body: 'busy' })
  await anna.page.route('**/api/v1/sessions', busy)
  anna.announce('GET /api/v1/sessions', 503)
  await anna.comesIn()
  const card = anna.card('Where you are logged in')
  await anna.sees('The service is busy or away for a moment.', card)
  await anna.page.clock.fastForward('01:00')
  await anna.sees('You can try again now.', card)
  await anna.looksRight()
  await anna.page.unroute('**/api/v1/sessions', busy)
  await anna.press('Try again')
  await anna.sees('this device', card)
  assert.equal(await card.getByRole('button').count(), 0)
})

story('A refusal to end a session holds back only the button that was pressed', async ({ arrives, phone }) => {
  const first = await arrives('Anna')
  await first.comesIn()
  const second = await arrives('Anna on a second device', { number: phone('Anna') })
  await second.comesIn()
  const card = second.card('Where you are logged in')
  const end = card.getByRole('button', { name: /^End: / })
  await second.page.route('**/api/v1/sessions/*', (route) => route.fulfill({ status: 503, headers: { 'Retry-After': '60' }, contentType: 'text/plain', body: 'busy' }))
  second.page.once('request', (request) => second.announce(`DELETE ${new URL(request.url()).pathname}`, 503))
  await end.click()
  await second.sees(/^Try again in/, card)
  assert.equal(await end.getAttribute('aria-disabled'), 'true')
  assert.equal(await second.button('End all others').getAttribute('aria-disabled'), null)
  first.announce(REFRESH, 401)
  await second.press('End all others')
  await second.sees('All other sessions are ended.')
  await first.page.reload()
  await first.isLoggedOut()
})

story('No script can read the refresh token, and nothing but the device token is kept', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  const kept = await anna.page.evaluate(() => ({
    cookie: document.cookie, local: { ...localStorage }, session: { ...sessionStorage },
  }))
  assert.equal(kept.cookie, '')
  assert.deepEqual(kept.session, {})
  const { 'phone-auth.device-token': device, ...rest } = kept.local
  assert.match(device, /^eyJ/)
  assert.doesNotMatch(JSON.stringify(rest), /eyJ/)

  const debugging = await anna.context.newCDPSession(anna.page)
  const { cookies } = await debugging.send('Network.getCookies')
  assert.equal(cookies.length, 1)
  const [{ name, httpOnly, sameSite, path, session }] = cookies
  assert.deepEqual({ name, httpOnly, sameSite, path, session }, {
    name: `phone_auth_refresh_${new URL(shared).port}`, httpOnly: true, sameSite: 'Strict', path: '/', session: false,
  })

  await anna.press('Log out')
  await anna.isLoggedOut()
  assert.doesNotMatch(JSON.stringify(await anna.page.evaluate(() => ({ ...localStorage }))), /eyJ/)
})

story('An access token is renewed a minute before it ends, and nobody notices', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.page.clock.install()
  await anna.comesIn()
  const renewed = await anna.answerTo('/auth/refresh', () => anna.page.clock.fastForward('09:05'))
  assert.equal(renewed.status(), 200)
  await anna.write('First name', 'Anna')
  await anna.press('Save changes')
  await anna.seesHeading('Anna')
})
