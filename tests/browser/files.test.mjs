import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { story } from './support/story.mjs'
import { shared } from './support/service.mjs'

const files = readdirSync('src/ui').filter((name) => !name.endsWith('.rs'))

test('All files of the page together are below 60 KiB', () => {
  const sizes = files.map((name) => gzipSync(readFileSync(`src/ui/${name}`)).length)
  const total = sizes.reduce((sum, size) => sum + size, 0)
  assert.ok(total < 60 * 1024, `${(total / 1024).toFixed(1)} KiB`)
})

test('Nothing stands inline in the HTML: no style, no handler, no script', async () => {
  for (const path of ['/', '/i/AB12CD']) {
    const html = await (await fetch(`${shared}${path}`)).text()
    assert.doesNotMatch(html, /<style|\sstyle\s*=|\son\w+\s*=|javascript:/i, path)
    for (const [script, body] of html.matchAll(/<script[^>]*>([^]*?)<\/script>/gi)) {
      assert.match(script, /\ssrc="/)
      assert.equal(body, '')
    }
  }
})

story('The policy lets no text become a script or markup', async ({ arrives }) => {
  const anna = await arrives('Anna')
  await anna.open()
  await anna.isLoggedOut()
  anna.watch.announceSaying(/requires 'TrustedScript' assignment/)
  anna.watch.announceSaying(/requires 'TrustedHTML' assignment/)
  anna.watch.announceSaying(/^policy: require-trusted-types-for/)
  const passed = await anna.page.evaluate(() => {
    const attempts = {
      script: () => { document.createElement('script').textContent = 'true' },
      markup: () => { document.createElement('p').innerHTML = '<b>x</b>' },
    }
    return Object.keys(attempts).filter((name) => {
      try {
        attempts[name]()
        return true
      } catch {
        return false
      }
    })
  })
  assert.deepEqual(passed, [])
})
