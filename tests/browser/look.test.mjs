import assert from 'node:assert/strict'
import { story } from './support/story.mjs'
import { picture } from './support/service.mjs'

const inFull = { inFull: true }

story('Everybody can use each view: wide and narrow, light and dark', async ({ arrives, phone }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.isLoggedOut()
  await anna.looksRight(inFull)
  await anna.asksForCode()
  await anna.readsCode()
  await anna.looksRight(inFull)
  await anna.press('Use this code')
  await anna.seesAccount()
  await anna.looksRight(inFull)

  const boris = await arrives('Boris', { number: phone('Boris') })
  const code = await anna.page.getByLabel('Your invite code', { exact: true }).innerText()
  await boris.open(`/i/${code}`)
  await boris.isLoggedOut()
  await boris.looksRight(inFull)
})

story('Everybody can use the account with all that it may hold', async ({ arrives, phone }) => {
  const anna = await arrives('Anna')
  await anna.comesIn()
  await anna.write('First name', 'Анна-Мария Константиновна')
  await anna.write('Last name', 'Рождественская-Преображенская')
  await anna.write('E-mail', `${'a'.repeat(60)}@a-rather-long-name-of-a-domain.example.com`)
  await anna.press('Save changes')
  await anna.sees('Saved.')
  await anna.press('Change the picture')
  await anna.page.locator('dialog input[type=file]').setInputFiles(picture)
  await anna.press('Save picture')
  await anna.sees('Your picture is saved.')
  const code = await anna.page.getByLabel('Your invite code', { exact: true }).innerText()
  const boris = await arrives('Boris')
  await boris.comesIn(`/i/${code}`)
  const again = await arrives('Anna on another device', { number: phone('Anna') })
  await again.comesIn()
  await again.looksRight(inFull)
})

story('Everybody can use the drawer', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.opensDrawer()
  await anna.logsIn()
  for (const entry of await anna.page.locator('#requests summary').all()) await entry.click()
  await anna.looksRight(inFull)
})

story('The page speaks Russian to who reads it, from the login to the logout', async ({ arrives }) => {
  const anna = await arrives('Анна', { locale: 'ru-RU' })
  await anna.open()
  await anna.seesHeading('Вход')
  assert.equal(await anna.page.locator('html').getAttribute('lang'), 'ru')
  await anna.looksRight()
  await anna.write('Номер телефона', anna.phone)
  await anna.press('Получить код')
  await anna.seesHeading('Введите код')
  await anna.looksRight()
  await anna.page.locator('.bubble').getByText('ваш код', { exact: false }).or(anna.page.locator('.bubble').getByText(/код/i)).first().waitFor()
  await anna.page.locator('.bubble ~ button').click()
  await anna.seesHeading('Ваш профиль')
  await anna.isSettled()
  await anna.looksRight()
  const text = await anna.page.locator('main').innerText()
  assert.deepEqual(text.match(/\b[a-z]+(?:-[a-z]+)+\b/g) ?? [], [], 'keys of the dictionary are no words')
  await anna.press('Выйти')
  await anna.sees('Вы вышли.')
})

story('The chosen language stays, and changes what is on the screen', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.write('Phone number', '+7 999')
  await anna.press('Русский')
  await anna.seesHeading('Вход')
  assert.equal(await anna.field('Номер телефона').inputValue(), '+7 999')
  await anna.page.reload()
  await anna.seesHeading('Вход')
  assert.equal(await anna.page.locator('html').getAttribute('lang'), 'ru')
  await anna.press('English')
  await anna.seesHeading('Sign in')
})

story('The chosen theme stays, against that of the system', async ({ arrives }) => {
  const anna = await arrives('Anna', { colorScheme: 'light' })
  const becomes = (theme) => anna.page.waitForFunction((wanted) => {
    // What a browser without a choice of its own would draw its text with.
    const probe = document.body.appendChild(document.createElement('span'))
    const [red] = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number)
    probe.remove()
    return (red > 128 ? 'dark' : 'light') === wanted
  }, theme)
  await anna.open()
  await anna.isLoggedOut()
  await becomes('light')
  await anna.press('Switch to the dark theme')
  await becomes('dark')
  await anna.page.reload()
  await anna.isLoggedOut()
  await becomes('dark')
  await anna.looksRight()
  await anna.press('Switch to the light theme')
  await becomes('light')
})

story('Text of twice the size is not cut off at the side', async ({ arrives }) => {
  const anna = await arrives('Anna', { viewport: { width: 640, height: 900 } })
  await anna.comesIn()
  await anna.page.evaluate(() => { document.documentElement.style.fontSize = '200%' })
  const { scrollWidth } = await anna.page.evaluate(() => ({ scrollWidth: document.documentElement.scrollWidth }))
  assert.ok(scrollWidth <= 640, `${scrollWidth} px`)
})

story('The field of the code is seen where colours are forced, and most when it has the focus', async ({ arrives }) => {
  const anna = await arrives('Anna', { forcedColors: 'active' })
  await anna.open()
  await anna.asksForCode()
  await anna.field('Code').focus()
  const { borderTopWidth, outlineStyle, outlineColor } = await anna.field('Code').evaluate((field) => ({ ...getComputedStyle(field) }))
  assert.equal(borderTopWidth, '1px')
  assert.equal(outlineStyle, 'solid')
  assert.doesNotMatch(outlineColor, /, 0\)$/)
})
