import { story } from './support/story.mjs'

story('A reload while the service is busy keeps the login for a later try', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  const busy = (route) => route.fulfill({ status: 503, contentType: 'text/plain', body: 'busy' })
  await anna.page.route('**/api/v1/auth/refresh', busy)
  anna.announce('POST /api/v1/auth/refresh', 503, 2)
  await anna.page.reload()
  await anna.seesHeading('We cannot reach the service')
  await anna.looksRight()
  // The button of before stands there until the answer comes: only the answer tells that this try is over.
  await anna.answerTo('/auth/refresh', () => anna.press('Try again'))
  await anna.page.unroute('**/api/v1/auth/refresh', busy)
  await anna.press('Try again')
  await anna.seesAccount()
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
