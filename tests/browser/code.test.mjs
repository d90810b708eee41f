import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { story } from './support/story.mjs'
import { call, codeFor, logIn, start } from './support/service.mjs'

const VERIFY = 'POST /api/v1/auth/verify'

story('A wrong code leaves two tries, then one, then asks for a new and longer code', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.asksForCode()
  const wrong = await anna.readsWrongCode()
  anna.announce(VERIFY, 401, 3)
  for (const left of ['You have 2 tries left.', 'You have one try left.']) {
    await anna.field('Code').pressSequentially(wrong)
    await anna.sees(left)
    assert.equal(await anna.field('Code').inputValue(), '')
  }
  await anna.looksRight()
  await anna.field('Code').pressSequentially(wrong)
  await anna.sees('That was the last try with this code.')
  await anna.page.clock.install()
  await anna.page.clock.fastForward('01:01')
  await anna.looksRight()

  await anna.press('Send a new code')
  await anna.sees('This code has 6 digits')
  await anna.inbox.getByText(/\b\d{6}\b/).first().waitFor()
  assert.match(await anna.readsCode(), /^\d{6}$/)
  await anna.looksRight()
  await anna.press('Use this code')
  await anna.seesAccount()
})

story('Guesses of somebody else make the own code too short, and the page says why', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.asksForCode()
  const short = await anna.readsCode()

  const { challenge_token } = await call(anna.base, 'POST', '/auth/phone', { body: { phone: anna.phone } })
  const wrong = (await codeFor(anna.base, anna.phone)) === '0000' ? '0001' : '0000'
  for (let guess = 0; guess < 3; guess += 1) {
    await assert.rejects(call(anna.base, 'POST', '/auth/verify', { body: { challenge_token, code: wrong } }), /401/)
  }

  anna.announce(VERIFY, 409)
  await anna.field('Code').fill(short)
  await anna.sees('Somebody has been guessing codes')
  await anna.press('Send a new code')
  await anna.sees('This code has 6 digits')
  await anna.inbox.getByText(/\b\d{6}\b/).first().waitFor()
  await anna.press('Use this code')
  await anna.seesAccount()
})

story('A code that was waited too long for is said to be over, and a new one is sent', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.page.clock.install()
  await anna.open()
  await anna.asksForCode()
  await anna.readsCode()
  await anna.sees('The code is good for')
  await anna.page.clock.fastForward('05:01')
  await anna.sees('The code is too old now.')
  await anna.answerTo('/auth/phone', () => anna.press('Send a new code'))
  await anna.sees('The code is good for')
  await anna.inbox.getByText(await codeFor(anna.base, anna.phone)).first().waitFor()
  await anna.press('Use this code')
  await anna.seesAccount()
})

story('A code that the service holds to be over is refused in words', async ({ arrives }) => {
  const service = await start({ OTP_TTL_SECONDS: 1 })
  try {
    const anna = await arrives('Anna', { base: service.base })
    // The page is told that the code is good for longer than it is: its own clock ends nothing.
    await anna.page.route('**/api/v1/auth/phone', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...await response.json(), expires_in: 3_600 } })
    })
    await anna.open()
    await anna.asksForCode()
    const code = await anna.readsCode()
    // A second of life, and one for the fractions that are cut off.
    await setTimeout(2_000)
    anna.announce(VERIFY, 401)
    await anna.field('Code').fill(code)
    await anna.sees('This code can no longer be used.')
  } finally {
    await service.stop()
  }
})

story('Another code can be asked for once a minute has been counted down', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.page.clock.install()
  await anna.open()
  await anna.asksForCode()
  await anna.sees(/You can ask for another code in (1:00|0:[45]\d)/)
  assert.equal(await anna.button('Send a new code').count(), 0)
  await anna.readsCode()
  // The clock that is turned also goes on by itself, on a busy machine for some seconds more.
  await anna.page.clock.fastForward('00:20')
  await anna.sees(/You can ask for another code in 0:(40|[0-3]\d)/)
  await anna.page.clock.fastForward('00:40')
  await anna.button('Send a new code').waitFor()
  await anna.seesNo('You can ask for another code')

  const asked = await anna.answerTo('/auth/phone', () => anna.press('Send a new code'))
  assert.equal(asked.status(), 200)
  await anna.sees(/You can ask for another code in/)
  const newest = await codeFor(anna.base, anna.phone)
  await anna.inbox.getByText(`${newest} is your`).waitFor()
  await anna.field('Code').pressSequentially(newest)
  await anna.seesAccount()
})

for (const text of ['Код: 1234', '12 34', '１２３４']) {
  story(`A code is found in what is pasted: ${text}`, async ({ arrives }) => {
    const anna = await arrives('Anna')
    await anna.open()
    await anna.asksForCode()
    const code = await anna.readsCode()
    const digits = [...code]
    const written = text.replace(/[1-4１-４]/g, (digit) => {
      const one = digits.shift()
      return digit > '9' ? String.fromCharCode(one.charCodeAt(0) + 0xfee0) : one
    })
    await anna.page.evaluate((value) => navigator.clipboard.writeText(value), written)
    await anna.field('Code').focus()
    await anna.page.keyboard.press('ControlOrMeta+v')
    await anna.seesAccount()
  })
}

for (const [what, meanwhile] of [['is void', '00:20'], ['has run out', '05:01']]) {
  story(`A new code can be asked for when the first one ${what} while the PIN is asked for`, async ({ arrives }) => {
    const anna = await arrives('Anna')
    const { access_token: token } = await logIn(anna.base, anna.phone)
    await call(anna.base, 'PUT', '/profile/pin', { token, body: { pin: '4938' } })
    await anna.page.clock.install()
    await anna.open()
    await anna.asksForCode()
    await anna.page.clock.fastForward('00:03')
    await anna.sees(/another code in 0:[3-5]\d/)
    anna.announce(VERIFY, 401, 2)
    await anna.press('Use this code')
    await anna.seesHeading('Enter your PIN')
    // Another login of hers uses the number's codes up.
    const { challenge_token } = await call(anna.base, 'POST', '/auth/phone', { body: { phone: anna.phone } })
    const code = await codeFor(anna.base, anna.phone)
    await call(anna.base, 'POST', '/auth/verify', { body: { challenge_token, code, pin: '4938' } })
    await anna.page.clock.fastForward(meanwhile)
    await anna.field('PIN').fill('4938')
    await anna.press('Continue')
    await anna.sees('This code can no longer be used.')
    await anna.page.clock.fastForward('00:50')
    await anna.seesNo('You can ask for a')
    await anna.press('Send a new code')
    await anna.sees('The code is good for')
  })
}

story('Another number keeps the invite code, and the way back to the code that was sent', async ({ arrives, phone }) => {
  const boris = await logIn((await arrives('Boris')).base, phone('Boris'))
  const anna = await arrives('Anna')
  await anna.page.clock.install()
  await anna.open()
  await anna.press('I have an invite code')
  await anna.write('Invite code (optional)', boris.user.invite_code)
  await anna.asksForCode()
  const code = await anna.readsCode()
  await anna.page.clock.fastForward('00:20')
  await anna.press('Another number')
  assert.equal(await anna.field('Invite code (optional)').inputValue(), boris.user.invite_code)
  await anna.looksRight()
  await anna.press('Enter the code I have')
  await anna.sees(/another code in 0:[0-3]\d/)
  await anna.field('Code').fill(code)
  await anna.sees('The invite code is activated: whoever invited you sees it now.')
  await anna.isSettled()
})
