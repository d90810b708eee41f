import assert from 'node:assert/strict'
import { after } from 'node:test'
import { story } from './support/story.mjs'
import { start } from './support/service.mjs'

// One service for these stories; the last of them stops it.
const service = await start({ OTP_LENGTH: 6, SEND_LIMITS: 'on' })
after(() => service.stop())

const { base } = service
const AWAY = 'The service cannot be reached.'

story('A service with longer codes gets a longer field, and speaks of nobody who guesses', async ({ arrives }) => {
  const anna = await arrives('Anna', { base })
  await anna.open()
  await anna.asksForCode()
  const code = await anna.readsCode()
  assert.match(code, /^\d{6}$/)
  assert.equal(await anna.page.getByText('somebody has been guessing').count(), 0)
  assert.equal(await anna.page.locator('.boxes span').count(), 6)
  await anna.field('Code').pressSequentially(code)
  await anna.seesAccount()
})

story('Too many requests are counted down, and then the button works again', async ({ arrives }) => {
  const anna = await arrives('Anna', { base })
  await anna.page.clock.install()
  await anna.open()
  await anna.asksForCode()
  await anna.readsCode()
  await anna.press('Another number')
  anna.announce('POST /api/v1/auth/phone', 429)
  await anna.press('Send code')
  await anna.sees('Too many tries. Please wait a little.')
  await anna.sees(/Try again in 0:[0-5]\d/)
  const button = anna.button('Send code')
  assert.equal(await button.getAttribute('aria-disabled'), 'true')
  await anna.write('Phone number', `${anna.phone}1`)
  assert.equal(await anna.button('Enter the code I have').isVisible(), false)
  await anna.write('Phone number', anna.phone)
  await anna.button('Enter the code I have').waitFor()
  await anna.looksRight()
  await anna.page.clock.fastForward('01:00')
  await anna.sees('You can try again now.')
  assert.equal(await button.getAttribute('aria-disabled'), null)
})

story('A service that is away is said in a sentence, before the login and after it', async ({ arrives }) => {
  const anna = await arrives('Anna', { base })
  await anna.comesIn()
  const boris = await arrives('Boris', { base })
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
})
