import assert from 'node:assert/strict'
import { story } from './support/story.mjs'

const REFRESH = 'POST /api/v1/auth/refresh'

story('A reload stays logged in', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  for (let time = 0; time < 2; time += 1) {
    await anna.page.reload()
    await anna.isLoggedIn()
    await anna.isSettled()
  }
})

story('Two tabs that reload at once both stay logged in', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  const other = await anna.otherTab()
  await other.open()
  await other.isLoggedIn()
  await other.isSettled()
  // A token that is traded twice looks stolen, so the tabs have to wait for each other.
  const tabs = [anna, other]
  let [underWay, most] = [0, 0]
  let release
  const held = new Promise((resolve) => { release = resolve })
  anna.context.on('requestfinished', (request) => { if (request.url().endsWith('/auth/refresh')) underWay -= 1 })
  await anna.context.route('**/api/v1/auth/refresh', async (route) => {
    underWay += 1
    most = Math.max(most, underWay)
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
  for (const tab of tabs) {
    await tab.isLoggedIn()
    await tab.isSettled()
  }
  assert.equal(most, 1)
})

story('A logout ends the login in the other tab as well, and after a reload', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  const other = await anna.otherTab()
  await other.open()
  await other.isLoggedIn()
  await other.isSettled()
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
  await other.isLoggedIn()
  await other.isSettled()
})

story('A session that is ended from another device is logged out there', async ({ arrives, phone }) => {
  const laptop = await arrives('Anna')
  await laptop.comesIn()
  const tablet = await arrives('Anna on a tablet', { number: phone('Anna') })
  await tablet.comesIn()
  await laptop.page.reload()
  await laptop.isLoggedIn()
  await laptop.isSettled()
  await laptop.card('Where you are logged in').getByRole('button', { name: /^End: / }).click()
  await laptop.sees('The session is ended.')

  tablet.announce('PATCH /api/v1/profile', 401)
  tablet.announce(REFRESH, 401)
  await tablet.write('First name', 'Anna')
  await tablet.press('Save changes')
  await tablet.sees('Your session has ended. Please sign in again.')
  await tablet.isLoggedOut()
  await tablet.looksRight()
  await laptop.page.reload()
  await laptop.isLoggedIn()
  await laptop.isSettled()
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
  await third.sees('this one', card)
  for (const ended of [first, second]) {
    ended.announce(REFRESH, 401)
    await ended.page.reload()
    await ended.sees('Your session has ended. Please sign in again.')
  }
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
    name: 'phone_auth_refresh', httpOnly: true, sameSite: 'Strict', path: '/', session: false,
  })

  await anna.press('Log out')
  await anna.isLoggedOut()
  assert.doesNotMatch(JSON.stringify(await anna.page.evaluate(() => ({ ...localStorage }))), /eyJ/)
})

story('An access token is renewed a minute before it ends, and nobody notices', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.page.clock.install()
  await anna.comesIn()
  const renewed = anna.page.waitForResponse((answer) => answer.url().endsWith('/auth/refresh'))
  await anna.page.clock.fastForward('09:05')
  assert.equal((await renewed).status(), 200)
  await anna.write('First name', 'Anna')
  await anna.press('Save changes')
  await anna.seesHeading('Anna')
})
