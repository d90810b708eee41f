import assert from 'node:assert/strict'
import { story } from './support/story.mjs'
import { start } from './support/service.mjs'

const AWAY = 'The service cannot be reached.'

story('A service that is away is said in a sentence, before the login and after it', async ({ arrives }) => {
  const service = await start({})
  try {
    const anna = await arrives('Anna', { base: service.base })
    await anna.comesIn()
    const boris = await arrives('Boris', { base: service.base })
    await boris.open()
    await boris.isLoggedOut()
    await service.stop()

    boris.announce('POST /api/v1/auth/phone', 'ERR_CONNECTION_REFUSED')
    await boris.write('Phone number', boris.phone)
    await boris.press('Send code')
    await boris.sees(AWAY)
    await boris.looksRight()

    anna.announce('PATCH /api/v1/profile', 'ERR_CONNECTION_REFUSED')
    await anna.write('First name', 'Anna')
    await anna.press('Save changes')
    await anna.sees(AWAY)
    assert.equal(await anna.field('First name').inputValue(), 'Anna')
  } finally {
    await service.stop()
  }
})

story('A reload while the service is busy keeps the login for a later try', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  const busy = (route) => route.fulfill({ status: 503, contentType: 'text/plain', body: 'busy' })
  await anna.page.route('**/api/v1/auth/refresh', busy)
  anna.announce('POST /api/v1/auth/refresh', 503, 2)
  await anna.page.reload()
  await anna.seesHeading('We cannot reach the service')
  await anna.looksRight()
  await anna.press('Try again')
  await anna.button('Try again').waitFor()
  await anna.page.unroute('**/api/v1/auth/refresh', busy)
  await anna.press('Try again')
  await anna.isLoggedIn()
  await anna.isSettled()
})

story('Without a network the page says so', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.context.setOffline(true)
  await anna.sees('You are offline.')
  anna.announce('POST /api/v1/auth/phone', 'ERR_INTERNET_DISCONNECTED')
  await anna.write('Phone number', anna.phone)
  await anna.press('Send code')
  await anna.sees('You are offline. Try again when the network is back.')
  await anna.looksRight()
  await anna.context.setOffline(false)
  await anna.logsIn()
})
