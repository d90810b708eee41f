import assert from 'node:assert/strict'
import { story } from './support/story.mjs'
import { call, logIn } from './support/service.mjs'

const VERIFY = 'POST /api/v1/auth/verify'

story('A new person logs in with the code from the phone beside the form', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.asksForCode()
  const code = await anna.readsCode()
  assert.match(code, /^\d{4}$/)
  await anna.field('Code').pressSequentially(code)
  await anna.seesAccount()
  await anna.sees('Welcome!')
})

story('A first visit asks the service for nothing but the page', async ({ arrives }) => {
  const anna = await arrives('Anna')
  const asked = []
  anna.page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await anna.open()
  await anna.isLoggedOut()
  await anna.page.waitForLoadState('networkidle')
  assert.deepEqual(asked.filter((path) => path !== '/' && !path.startsWith('/ui/')), [])
})

story('What is no phone number is said beside the field', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.isLoggedOut()
  // What is hidden until it speaks is not read out when it does.
  const silent = await anna.page.evaluate(() => [...document.querySelectorAll('main [aria-live]')].filter((one) => one.textContent === '' && getComputedStyle(one).display === 'none').length)
  assert.equal(silent, 0)
  await anna.press('Send code')
  await anna.sees('This is not a phone number')
  anna.announce('POST /api/v1/auth/phone', 422)
  await anna.write('Phone number', '+7 999')
  await anna.press('Send code')
  await anna.sees('This is not a phone number')
  assert.equal(await anna.field('Phone number').getAttribute('aria-invalid'), 'true')
  assert.equal(await anna.field('Phone number').evaluate((field) => field === document.activeElement), true)
})

story('A PIN is asked for after the code', async ({ arrives }) => {
  const anna = await arrives('Anna')
  const { access_token: token } = await logIn(anna.base, anna.phone)
  await call(anna.base, 'PUT', '/profile/pin', { token, body: { pin: '493817' } })

  await anna.open()
  await anna.asksForCode()
  anna.announce(VERIFY, 401)
  await anna.press('Use this code')
  await anna.seesHeading('Enter your PIN')
  await anna.looksRight()

  await anna.write('PIN', '12')
  await anna.press('Continue')
  await anna.sees('A PIN has 4 to 12 digits.')
  anna.announce(VERIFY, 401)
  await anna.write('PIN', '000000')
  await anna.press('Continue')
  await anna.sees('This PIN is wrong.')
  await anna.write('PIN', '493817')
  await anna.press('Continue')
  await anna.seesAccount()
})

story('The number can be changed before the code is entered', async ({ arrives, phone }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.asksForCode(phone('a wrong number'))
  await anna.readsCode()
  await anna.press('Another number')
  await anna.seesHeading('Sign in')
  assert.equal(await anna.field('Phone number').inputValue(), phone('a wrong number'))
  await anna.logsIn()
})

story('A whole login needs no mouse', async ({ arrives }) => {
  const anna = await arrives('Anna')
  const { keyboard } = anna.page
  // Where nothing has the focus, it is the body's: that holds every text, and is no place.
  const focused = () => anna.page.evaluate(() => {
    const { activeElement: element } = document
    return element === document.body ? '' : element.textContent || element.name
  })
  const reach = async (what) => {
    for (let key = 0; key < 60; key += 1) {
      if ((await focused()).includes(what)) return
      await keyboard.press('Tab')
    }
    assert.fail(`the tabulator does not lead to ${what}`)
  }
  await anna.open()
  await anna.isLoggedOut()
  await reach('phone')
  await keyboard.type(anna.phone)
  await keyboard.press('Enter')
  await anna.seesHeading('Enter the code')
  await anna.readsCode()
  await reach('Use this code')
  await keyboard.press('Enter')
  await anna.isLoggedIn()
  assert.equal(await focused(), 'Your account')
  await anna.isSettled()
  for (const [opener, field] of [['Change number', 'phone'], ['Set PIN', 'pin'], ['Delete account', 'digits']]) {
    await reach(opener)
    await keyboard.press('Enter')
    await anna.page.getByRole('dialog').waitFor()
    assert.equal(await focused(), field)
    await keyboard.press('Escape')
    await anna.page.getByRole('dialog').waitFor({ state: 'detached' })
    assert.equal(await focused(), opener)
  }
  await reach('Log out')
  await keyboard.press('Space')
  await anna.sees('You are logged out.')
  assert.equal(await focused(), 'phone')
})

story('The first stop of the keyboard leads past the banner', async ({ arrives }) => {
  const anna = await arrives('Anna', { hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } })
  await anna.open()
  await anna.isLoggedOut()
  await anna.page.keyboard.press('Tab')
  await anna.sees('Skip to the content')
  await anna.page.keyboard.press('Enter')
  assert.equal(await anna.page.evaluate(() => document.activeElement.textContent), 'Sign in')
})

story('A number is shown in groups, however it was typed', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  const groups = anna.phone.replace(/^\+7(...)(...)(..)(..)$/, '$1 $2-$3-$4')
  await anna.asksForCode(anna.phone.replace('+7', '8'))
  await anna.sees(`We sent it to 8 ${groups}.`)
  await anna.readsCode()
  await anna.sees(`+7 ${groups}`, anna.inbox)
  const masked = await anna.page.evaluate(() => import('/ui/words.js').then(({ phone }) => phone('+7999***0001')))
  assert.equal(masked, '+7\u00a0999\u00a0***-00-01')
})

story('At a foreign address the page says which one is refused, and how another is found', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.page.route('**/auth/verify', (route) => route.fulfill({
    status: 403, contentType: 'application/problem+json',
    body: JSON.stringify({ title: 'Foreign', status: 403, code: 'foreign-origin' }),
  }))
  await anna.open()
  await anna.asksForCode()
  anna.announce(VERIFY, 403)
  await anna.press('Use this code')
  await anna.sees(`does not take logins from ${new URL(anna.base).origin}.`)
  await anna.sees('ask who runs the service')
})
