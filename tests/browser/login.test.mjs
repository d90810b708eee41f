import assert from 'node:assert/strict'
import { story } from './support/story.mjs'

story('A new person logs in with the code from the phone beside the form', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.asksForCode()
  const code = await anna.readsCode()
  assert.match(code, /^\d{4}$/)
  await anna.field('Code').pressSequentially(code)
  await anna.isLoggedIn()
  await anna.sees('Welcome!')
  await anna.isSettled()
})
