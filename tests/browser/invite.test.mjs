import assert from 'node:assert/strict'
import { story } from './support/story.mjs'
import { logIn } from './support/service.mjs'

const ACTIVATE = 'POST /api/v1/referral/activate'

const codeOf = (person) => person.page.getByLabel('Your invite code', { exact: true }).innerText()
const written = (phone) => phone.replace(/^\+7(...)(...)(..)(..)$/, '+7 $1 $2-$3-$4')

async function enters(person, code) {
  await person.card('Were you invited?').getByLabel('Invite code').fill(code)
  await person.press('Activate')
}

story('Whoever opens an invite link is invited: both see the other', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  await anna.sees('Nobody yet.')
  await anna.press('Copy link')
  await anna.sees('The link is copied.')
  const link = new URL(await anna.clipboard())
  const code = await codeOf(anna)
  assert.match(code, /^[A-Z0-9]{6}$/)
  assert.equal(link.pathname, `/i/${code}`)

  const boris = await arrives('Boris')
  await boris.open(link.pathname)
  await boris.sees('You are invited.')
  assert.equal(await boris.field('Invite code (optional)').inputValue(), code)
  await boris.looksRight()
  await boris.logsIn()
  await boris.sees('The invite code is activated: whoever invited you sees it now.')
  await boris.sees(`You were invited by ${written(anna.phone)}.`)
  assert.equal(new URL(boris.page.url()).pathname, '/')

  await anna.reloads()
  await anna.sees(written(boris.phone), anna.card('People you invited'))
})

story('The invite code, and its link as a QR code, can be taken along', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  await anna.press('Copy code')
  await anna.sees('The code is copied.')
  assert.equal(await anna.clipboard(), await codeOf(anna))
  const qr = anna.page.getByAltText('QR code of your invite link')
  await qr.waitFor()
  await anna.page.waitForFunction((image) => image.complete && image.naturalWidth > 0, await qr.elementHandle())
  const [download] = await Promise.all([
    anna.page.waitForEvent('download'), anna.page.getByRole('link', { name: 'Download QR code' }).click(),
  ])
  assert.equal(download.suggestedFilename(), `invite-${await codeOf(anna)}.svg`)
})

story('A code can be entered later, in any spelling, and once', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  const code = await codeOf(anna)
  const boris = await arrives('Boris')
  await boris.comesIn()

  await enters(boris, 'AB')
  await boris.sees('An invite code has six letters or digits.')
  boris.announce(ACTIVATE, 409)
  await enters(boris, await codeOf(boris))
  await boris.sees('This is your own code.')
  boris.announce(ACTIVATE, 404)
  await enters(boris, code === 'AAAAAA' ? 'BBBBBB' : 'AAAAAA')
  await boris.sees('Nobody has this code.')
  await boris.looksRight()
  await enters(boris, ` ${code.slice(0, 3).toLowerCase()} ${code.slice(3)} `)
  await boris.sees('The invite code is activated.')
  await boris.sees(`You were invited by ${written(anna.phone)}.`)

  anna.announce(ACTIVATE, 409)
  await enters(anna, await codeOf(boris))
  await anna.sees('This person was invited by you')
})

story('A code that was activated in another tab meanwhile is shown, and no other can be entered', async ({ arrives }) => {
  const [anna, boris, vera] = [await arrives('Anna'), await arrives('Boris'), await arrives('Vera')]
  for (const person of [anna, boris, vera]) await person.comesIn()
  const other = await vera.opensOtherTab()
  await enters(vera, await codeOf(anna))
  await vera.sees(`You were invited by ${written(anna.phone)}.`)
  other.announce(ACTIVATE, 409)
  await enters(other, await codeOf(boris))
  await other.sees(`You were invited by ${written(anna.phone)}.`)
})

story('A malformed code in the address is said, and is no obstacle', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open('/i/AB12')
  await anna.sees('The invite code in this address is not complete.')
  await anna.looksRight()
  await anna.logsIn()
})

story('A code that nobody has does not stand in the way of a first login', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.press('I have an invite code')
  await anna.write('Invite code (optional)', 'AAAAAA')
  await anna.logsIn()
  await anna.sees('Nobody has the invite code you gave.')
})

story('The list of the invited goes on with "Show more"', async ({ arrives, phone }) => {
  const anna = await arrives('Anna')
  const { user } = await logIn(anna.base, anna.phone)
  const friends = Array.from({ length: 12 }, (_, number) => phone(`friend ${number}`))
  for (const friend of friends) await logIn(anna.base, friend, { invite_code: user.invite_code })

  await anna.comesIn()
  const card = anna.card('People you invited')
  const shown = card.locator('li .number')
  await card.getByRole('button', { name: 'Show more' }).waitFor()
  assert.equal(await shown.count(), 10)
  await card.getByRole('button', { name: 'Show more' }).click()
  await anna.sees(written(friends[0]), card)
  const numbers = (await shown.allInnerTexts()).map((text) => text.replace(/[^+\d]/g, ''))
  assert.deepEqual(numbers, friends.reverse())
  assert.equal(await card.getByRole('button', { name: 'Show more' }).isVisible(), false)
  await anna.looksRight()
})

story('Who is too late for an invite code is told so, where the field was', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  const refused = {
    type: '/problems/invite-window-closed', title: 'It is too late', status: 409, code: 'invite-window-closed',
  }
  await anna.page.route('**/referral/activate', (route) => route.fulfill({
    status: 409, contentType: 'application/problem+json', body: JSON.stringify(refused),
  }))
  anna.announce(ACTIVATE, 409)
  await enters(anna, 'AB12CD')
  const card = anna.card('Were you invited?')
  await anna.sees('It is too late to enter a code', card)
  assert.equal(await card.getByText('It can be done once').count(), 0)
  assert.match(await anna.page.evaluate(() => document.activeElement.textContent), /^It is too late to enter a code/)
  await anna.looksRight()
})

story('An invite link opened while logged in offers its code until that is used', async ({ arrives }) => {
  const [anna, boris, vera] = [await arrives('Anna'), await arrives('Boris'), await arrives('Vera')]
  for (const person of [anna, boris, vera]) await person.comesIn()
  const code = await codeOf(anna)

  await anna.open(`/i/${code}`)
  await anna.sees('This is your own invite link.')
  await anna.isSettled()
  await boris.open('/i/AB12')
  await boris.sees('The invite code in this address is not complete.')
  await boris.isSettled()

  await boris.open(`/i/${code}`)
  await boris.sees(`You opened an invitation with the code ${code}.`)
  await boris.isSettled()
  await boris.reloads()
  await boris.sees(`You opened an invitation with the code ${code}.`)
  await boris.looksRight()
  await boris.press(`Activate ${code}`)
  await boris.sees(`You were invited by ${written(anna.phone)}.`)
  await boris.seesNo('You opened an invitation')
  assert.equal(new URL(boris.page.url()).pathname, '/')

  await boris.isSettled()
  await boris.open(`/i/${await codeOf(vera)}`)
  await boris.sees(`but you have activated ${code} already`)
  await boris.isSettled()
  await boris.press('Dismiss')
  await boris.seesNo('You opened an invitation')
  assert.equal(new URL(boris.page.url()).pathname, '/')
})
