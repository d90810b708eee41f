// A test: some people, their browsers, and a watch over each of them.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { close } from './browser.mjs'
import { Person, numberOf } from './person.mjs'
import { shared } from './service.mjs'

after(close)

/**
 * `tell({ arrives, phone })` tells the story. `arrives(name, options)` is another person's browser; their number is
 * made of the story's sentence and their name. Once the story is told, nothing may have gone wrong unannounced.
 */
export function story(sentence, tell) {
  if (!sentence.includes(process.env.STORY ?? '')) return
  test(sentence, async () => {
    const people = []
    const phone = (name) => numberOf(`${sentence} ${name}`)
    const arrives = async (name, { base = shared, number = phone(name), ...options } = {}) => {
      const person = await Person.arrive(number, base, options)
      people.push({ name, person })
      return person
    }
    try {
      await tell({ arrives, phone })
      // What the last step has asked for counts as well.
      for (const { person } of people) {
        for (const page of person.context.pages()) await person.watch.quiet(page)
        await person.watch.heard()
      }
    } catch (error) {
      throw await withSurroundings(error, people)
    } finally {
      await Promise.all(people.map(({ person }) => person.leave()))
    }
    for (const { name, person } of people) {
      assert.deepEqual(person.watch.findings(), [], `what went wrong unannounced in the browser of ${name}`)
    }
  })
}

/** What the shared service says of requests that it put off or failed at. */
function troubles() {
  const lines = readFileSync(process.env.SERVICE_LOG, 'utf8').split('\n')
  return lines.filter((line) => /was put off|ERROR/.test(line)).slice(-5)
}

/** Says with a failure what was on the screens, what the watch has seen, and how the service fared. */
async function withSurroundings(error, people) {
  const screens = await Promise.all(people.map(async ({ name, person }) => {
    const pages = await Promise.all(person.context.pages().map((page) => page.locator('body').innerText({ timeout: 2000 })
      .catch((problem) => String(problem))))
    return [`--- ${name} sees:`, ...pages, ...person.watch.findings()].join('\n')
  }))
  error.stack = [error.stack, ...screens, '--- the service says:', ...troubles()].join('\n')
  return error
}
