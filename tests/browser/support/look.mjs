// What holds for everything that is shown, whatever it is.

import assert from 'node:assert/strict'
import { axe } from './browser.mjs'

const WIDE_LIGHT = [1280, 'light']
const NARROW_DARK = [390, 'dark']
const IN_PASSING = [WIDE_LIGHT, NARROW_DARK]
const IN_FULL = [WIDE_LIGHT, [1280, 'dark'], [390, 'light'], NARROW_DARK]

/**
 * axe-core finds nothing, best practices included. The main states are looked at `inFull`: wide and narrow, each in
 * light and in dark.
 */
export async function expectAccessible(page, { inFull = false } = {}) {
  const before = page.viewportSize()
  for (const [width, colorScheme] of inFull ? IN_FULL : IN_PASSING) {
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await atRest(page)
    assert.deepEqual(await findings(page), [], `axe-core at ${width} px, ${colorScheme}`)
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null })
  await page.setViewportSize(before)
}

/** At 320 px nothing has to be scrolled sideways, but what scrolls by itself (code, wide tables). */
export async function expectNarrow(page) {
  const before = page.viewportSize()
  await page.setViewportSize({ width: 320, height: 700 })
  await atRest(page)
  const wide = await page.evaluate(() => {
    const scrolls = (element) => {
      for (let at = element.parentElement; at && at !== document.body; at = at.parentElement) {
        if (/auto|scroll/.test(getComputedStyle(at).overflowX)) return true
      }
      return false
    }
    const sticksOut = (element) => {
      const { right, left, width, height } = element.getBoundingClientRect()
      return width > 1 && height > 1 && (right > 320.5 || left < -0.5)
    }
    const found = [...document.body.querySelectorAll('*')]
      .filter((element) => element.checkVisibility({ visibilityProperty: true }) && sticksOut(element) && !scrolls(element))
      .map((element) => element.outerHTML.slice(0, 160))
    const { scrollWidth } = document.documentElement
    return scrollWidth > 320 ? [`the page is ${scrollWidth} px wide`, ...found] : found
  })
  await page.setViewportSize(before)
  assert.deepEqual(wide, [], 'at 320 px')
}

/** Waits for movements that have an end. */
async function atRest(page) {
  await page.evaluate(async () => {
    const finite = () => document.getAnimations().filter((one) => one.effect?.getComputedTiming().iterations !== Infinity)
    while (finite().some((one) => one.playState === 'running')) {
      await Promise.allSettled(finite().map((one) => one.finished))
    }
  })
}

async function findings(page) {
  await page.evaluate(`typeof axe === 'object' || (() => { ${axe} })()`)
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] })
    return violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `  ${node.target.join(' ')} ${node.html.slice(0, 200)}\n  ${node.failureSummary}`).join('\n')}`)
  })
}
