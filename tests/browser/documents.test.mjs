import assert from 'node:assert/strict'
import { story } from './support/story.mjs'
import { logIn } from './support/service.mjs'

story('ReDoc shows the operations, and its search finds them', async ({ arrives }) => {
  const anna = await arrives('Anna')
  const { page } = anna
  await anna.open('/redoc')
  await page.getByRole('heading', { name: /phone-auth/ }).first().waitFor()
  const document = await (await fetch(`${anna.base}/openapi.json`)).json()
  const summaries = Object.values(document.paths).flatMap((path) => Object.values(path).map(({ summary }) => summary).filter(Boolean))
  assert.ok(summaries.length > 20)
  for (const summary of summaries) {
    await page.locator('[data-section-id*="operation"] h2').getByText(summary, { exact: true }).first().waitFor({ state: 'attached' })
  }
  await page.getByPlaceholder('Search').fill('invite')
  await page.locator('[data-role="search:results"]').getByText(/invite/i).first().waitFor()
  await page.locator('[data-role="search:results"] li').first().click()
  await page.waitForFunction(() => location.hash.includes('operation') || location.hash.includes('tag'))
})

story('Swagger takes an access token by "Authorize", and the profile answers 200', async ({ arrives }) => {
  const anna = await arrives('Anna')
  const { page } = anna
  const { access_token: token } = await logIn(anna.base, anna.phone)
  await anna.open('/swagger/')
  await page.getByRole('button', { name: 'Authorize' }).first().click()
  const dialog = page.locator('.dialog-ux')
  await dialog.getByRole('textbox').first().fill(token)
  await dialog.getByRole('button', { name: 'Apply credentials' }).first().click()
  await dialog.getByRole('button', { name: 'Close' }).first().click()

  const operation = page.locator('.opblock').filter({ has: page.locator('.opblock-summary-get') })
    .filter({ has: page.locator('[data-path="/api/v1/profile"]') })
  await operation.locator('.opblock-summary').click()
  const answer = await anna.answerTo('/profile', () => operation.getByRole('button', { name: 'Execute' }).click())
  assert.equal(answer.status(), 200)
  await operation.locator('.live-responses-table').getByText(anna.phone).first().waitFor()
})
