// Runs the test files beside this one, several at a time, with Node's own runner.

import { readdirSync } from 'node:fs'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'

const here = new URL('.', import.meta.url)
const words = process.argv.slice(2)
const files = readdirSync(here)
  .filter((name) => name.endsWith('.test.mjs') && (!words.length || words.some((word) => name.includes(word))))
  .map((name) => fileURLToPath(new URL(name, here)))

const counts = { passed: 0, failed: 0 }

/** Node reports the file as a test of its own where that failed as a whole, and in older versions always. */
const isFile = ({ name, nesting }) => nesting === 0 && name.endsWith('.mjs')

function tell(outcome, { name, details }) {
  counts[outcome] += 1
  console.log(`${outcome === 'passed' ? 'ok    ' : 'FAILED'} ${(details.duration_ms / 1000).toFixed(1).padStart(5)} s  ${name}`)
}

function explain(error) {
  const cause = error?.cause ?? error
  console.log(String(cause?.stack ?? cause?.message ?? cause).replace(/^/gm, '         '))
}

/**
 * Has the service make all its connections to the database while no browser wants the machine: it gives each half a
 * second, and where that is too little it puts off what needed one.
 */
async function connect() {
  for (let round = 0; round < 20; round += 1) {
    const asked = Array.from({ length: 32 }, () => fetch(`${process.env.BASE_URL}/health/ready`).then(({ ok }) => ok))
    if ((await Promise.all(asked)).every(Boolean)) return
  }
  throw new Error('the service is not ready')
}

await connect()
const events = run({ files, concurrency: Number(process.env.TESTS_AT_ONCE ?? 2), timeout: 1_200_000 })
events.on('test:pass', (data) => {
  if (!isFile(data) && data.details.type !== 'suite') tell('passed', data)
})
events.on('test:fail', (data) => {
  // What failed within it has been told.
  if (data.details.error?.failureType === 'subtestsFailed') return
  tell('failed', data)
  explain(data.details.error)
})
events.on('test:stdout', ({ message }) => process.stdout.write(message))
events.on('test:stderr', ({ message }) => process.stderr.write(message))
events.on('end', () => {
  console.log(`${counts.passed} passed, ${counts.failed} failed`)
  process.exitCode = counts.failed || !counts.passed ? 1 : 0
})
events.resume()
