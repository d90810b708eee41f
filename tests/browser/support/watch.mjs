// Watches what a person's browser does behind the test's back: the policy of the page, its console, its requests.

import { setTimeout } from 'node:timers/promises'

const LOADING = /^Failed to load resource: (?:the server responded with a status of (\d+)|net::(\w+))/

export class Watch {
  #found = []
  #announced = []
  #putOff = []
  #sayings = []
  #underWay = new Set()
  #hasEnded = false

  constructor(base) {
    this.origin = new URL(base).origin
  }

  /** Before the first page. */
  async over(context) {
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy: ${event.effectiveDirective} forbids ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`)
      })
    })
    context.on('console', (message) => this.#console(message))
    context.on('weberror', (error) => this.#found.push(`uncaught: ${error.error().stack ?? error.error()}`))
    context.on('request', (request) => this.#request(request))
    for (const end of ['requestfinished', 'requestfailed']) context.on(end, (request) => this.#underWay.delete(request))
    context.on('response', (response) => {
      if (response.status() >= 400) this.#failed('answered', response.request(), String(response.status()))
    })
    context.on('requestfailed', (request) => {
      this.#failed('answered', request, request.failure().errorText.replace('net::', ''))
    })
  }

  /** Waits until no request of `page` is under way. */
  async quiet(page) {
    const ofPage = () => [...this.#underWay].find((request) => request.frame().page() === page)
    for (let request = ofPage(); request; request = ofPage()) {
      await request.response().then((response) => response?.finished()).catch(() => {})
      await page.evaluate(() => 0)
    }
  }

  /** What is cut off from now on is cut off by the end of the story. */
  end() {
    this.#hasEnded = true
  }

  /** `POST /api/v1/auth/verify` is to fail with this status, or with this error of the network, that many times. */
  announce(operation, failure, times = 1) {
    const [method, path] = operation.split(' ')
    for (let time = 0; time < times; time += 1) {
      this.#announced.push({ method, path, failure: String(failure), answered: false, written: false })
    }
  }

  /** The console is to say this, at least once. */
  announceSaying(pattern) {
    const saying = { pattern, said: false }
    saying.heard = new Promise((resolve) => { saying.hear = resolve })
    this.#sayings.push(saying)
  }

  /** Waits until the console has said what it is to say: it does so when it likes. */
  async heard() {
    await Promise.race([Promise.all(this.#sayings.map(({ heard }) => heard)), setTimeout(20_000, null, { ref: false })])
  }

  /** What was seen and not announced, and what was announced and not seen. */
  findings() {
    const missing = this.#announced
      .filter((one) => !one.answered)
      .map((one) => `announced, but not seen: ${one.method} ${one.path} fails with ${one.failure}`)
    const unsaid = this.#sayings.filter((one) => !one.said).map((one) => `announced, but not said: ${one.pattern}`)
    return [...this.#found, ...missing, ...unsaid]
  }

  #request(request) {
    this.#underWay.add(request)
    const { protocol, origin } = new URL(request.url())
    if (!['blob:', 'data:'].includes(protocol) && origin !== this.origin) {
      this.#found.push(`request to another host: ${request.url()}`)
    }
  }

  #console(message) {
    if (this.#hasEnded || !['error', 'warning', 'assert'].includes(message.type())) return
    const [, status, error] = LOADING.exec(message.text()) ?? []
    const address = message.location().url
    const saying = this.#sayings.find(({ pattern }) => pattern.test(message.text()))
    if (saying) {
      saying.said = true
      saying.hear()
      return
    }
    if (isOfTheBrowser(pathOf(address), error) || (status === '503' && this.#putOff.includes(pathOf(address)))) return
    if ((status ?? error) && this.#take('written', { path: pathOf(address), failure: status ?? error })) return
    this.#found.push(`console ${message.type()}: ${message.text()} (${address}:${message.location().lineNumber})`)
  }

  #failed(part, request, failure) {
    if (this.#hasEnded) return
    const one = { method: request.method(), path: pathOf(request.url()), failure }
    if (isOfTheBrowser(one.path, failure) || this.#take(part, one)) return
    if (one.method === 'GET' && failure === '503' && this.#putOff.length < 3) {
      // On a busy machine the service puts a reading request off now and then, and the page offers to try again.
      this.#putOff.push(one.path)
      return
    }
    this.#found.push(`not announced: ${one.method} ${one.path} failed with ${failure}`)
  }

  #take(part, { method, path, failure }) {
    const announced = this.#announced.find((one) => (
      !one[part] && one.path === path && one.failure === failure && (!method || one.method === method)))
    if (announced) announced[part] = true
    return Boolean(announced)
  }
}

/** Whether it is the icon of the page, which the browser fetches when it likes, also without a network. */
const isOfTheBrowser = (path, failure) => path === '/ui/icon.svg' && failure === 'ERR_INTERNET_DISCONNECTED'

const pathOf = (address) => (address ? new URL(address).pathname : '')
