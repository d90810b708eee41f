// Services: the one that all tests share, and those with settings of their own.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export const shared = process.env.BASE_URL

/** A picture that people may have of themselves: any will do. */
export const picture = 'docs/images/sign-in-1280.png'

/** How long codes usually are at the services of this process. */
export const codeLengths = new Map()

/** Starts a service with `settings` (`{ OTP_LENGTH: 6 }`); it lives until `stop()`, or until this process ends. */
export async function start(settings) {
  const assignments = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  const child = spawn(
    'tests/tools/with-service',
    [...assignments, 'sh', '-c', 'echo "$BASE_URL"; exec cat'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'exit').then(gone)])
  codeLengths.set(line, settings.OTP_LENGTH ?? 4)
  return {
    base: line,
    async stop() {
      if (child.exitCode !== null) return
      child.stdin.end()
      await once(child, 'exit')
    },
  }
}

function gone() {
  throw new Error('the service did not start')
}

/** The code of the newest message to `phone`. */
export async function codeFor(base, phone) {
  const answer = await fetch(`${base}/dev/inbox?phone=${encodeURIComponent(phone)}`)
  return (await answer.json()).messages[0].code
}

/** Asks the API as another program would; answers the body. */
export async function call(base, method, path, { body, token, headers = {} } = {}) {
  const answer = await fetch(`${base}/api/v1${path}`, {
    method,
    headers: {
      ...(body && { 'Content-Type': 'application/json' }),
      ...(token && { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: body && JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text ? JSON.parse(text) : null
}

/** Logs in without a page; answers the whole login. */
export async function logIn(base, phone, extra = {}) {
  const { challenge_token } = await call(base, 'POST', '/auth/phone', { body: { phone, ...extra } })
  const code = await codeFor(base, phone)
  return call(base, 'POST', '/auth/verify', { body: { challenge_token, code } })
}
