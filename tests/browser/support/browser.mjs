// The browser that a test file works with.

import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'

const installed = createRequire(new URL('../../../target/browser/node/', import.meta.url))
const { chromium } = installed('playwright-core')

export const axe = installed('axe-core').source

const FLAGS = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]

let launched

/** One for the process: started by the first who asks. */
export function browser() {
  launched ??= chromium.launch({
    executablePath: execFileSync('tests/browser/install', ['--name'], { encoding: 'utf8' }).trim(),
    // The sandbox of Chromium refuses to work for root.
    timeout: 120_000,
    args: process.getuid?.() === 0 ? [...FLAGS, '--no-sandbox'] : FLAGS,
  })
  return launched
}

export async function close() {
  await (await launched)?.close()
}
