// Somebody with a browser of their own. What they do is said by what they see: labels, roles and sentences.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { expectAccessible, expectNarrow } from './look.mjs'
import { Watch } from './watch.mjs'
import { browser } from './browser.mjs'
import { codeLengths } from './service.mjs'

const FILES = process.env.PAGE_FILES
const TYPES = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }

/** A number that no other test has, and that is the same each time: `words` say whose it is. */
export function numberOf(words) {
  const digest = createHash('sha256').update(words).digest()
  return `+7999${String(digest.readUInt32BE() % 10_000_000).padStart(7, '0')}`
}

export class Person {
  /** `options` are those of a browser context; `base` is the service. */
  static async arrive(phone, base, options = {}) {
    const { allow = [], ...rest } = options
    const context = await (await browser()).newContext({
      baseURL: base, locale: 'en-GB', timezoneId: 'Europe/Moscow', viewport: { width: 1280, height: 900 }, ...rest,
    })
    // Nothing takes that long but on a machine that is busy with something else.
    context.setDefaultTimeout(Number(process.env.PATIENCE_MS ?? 60_000))
    await context.grantPermissions(['clipboard-read', 'clipboard-write', ...allow], { origin: base })
    const watch = new Watch(base)
    await watch.over(context)
    if (FILES) await takeFilesFrom(FILES, context, base)
    return new Person({ phone, base, context, watch, page: await context.newPage() })
  }

  constructor(parts) {
    Object.assign(this, parts)
  }

  /** The same person in another tab. */
  async otherTab() {
    return new Person({ ...this, page: await this.context.newPage() })
  }

  /** The same person in another tab, which takes up the login. */
  async opensOtherTab() {
    const tab = await this.otherTab()
    await tab.open()
    await tab.seesAccount()
    return tab
  }

  announce(operation, failure, times) {
    this.watch.announce(operation, failure, times)
  }

  async open(path = '/') {
    await this.page.goto(path)
  }

  button(name) {
    return this.page.getByRole('button', { name, exact: true })
  }

  field(label) {
    return this.page.getByLabel(label, { exact: true })
  }

  heading(name) {
    return this.page.getByRole('heading', { name, exact: true })
  }

  /** A section of the account. */
  card(name) {
    return this.page.getByRole('region', { name, exact: true })
  }

  async press(name) {
    await this.button(name).click()
  }

  async write(label, text) {
    await this.field(label).fill(text)
  }

  /** Does `action`, and gives the answer that the service has for it: what is on the screen may have been there before. */
  async answerTo(path, action) {
    const isIt = (answer) => new URL(answer.url()).pathname === `/api/v1${path}`
    const [answer] = await Promise.all([this.page.waitForResponse(isIt), action()])
    return answer
  }

  /** Waits until this text stands in the page, where one can see it. */
  async sees(text, within = this.page) {
    await within.getByText(text).locator('visible=true').first().waitFor()
  }

  async seesHeading(name) {
    await this.heading(name).waitFor()
  }

  async seesNo(text, within = this.page) {
    await within.getByText(text).locator('visible=true').first().waitFor({ state: 'detached' })
  }

  async asksForCode(phone = this.phone) {
    await this.write('Phone number', phone)
    await this.press('Send code')
    await this.seesHeading('Enter the code')
  }

  /** The message that the phone beside the form shows. */
  get inbox() {
    return this.page.getByRole('region', { name: 'Simulated phone' })
  }

  /** Reads the code off the phone beside the form. */
  async readsCode() {
    const bubble = this.inbox.locator('.bubble')
    await bubble.waitFor()
    return /\d{4,10}/.exec(await bubble.innerText())[0]
  }

  /** A code that is as long as the right one, and is another. */
  async readsWrongCode() {
    const code = await this.readsCode()
    return String((Number(code) + 1) % 10 ** code.length).padStart(code.length, '0')
  }

  async logsIn(phone = this.phone) {
    await this.asksForCode(phone)
    await this.press('Use this code')
    await this.seesAccount()
  }

  /** A first visit that ends in the account. */
  async comesIn(path) {
    await this.open(path)
    await this.logsIn()
  }

  /** A reload that ends in the account. */
  async reloads() {
    await this.page.reload()
    await this.seesAccount()
  }

  async opensDrawer() {
    await this.page.getByRole('button', { name: /^Requests( \d+)?$/ }).click()
    await this.page.locator('#requests').waitFor()
  }

  /** The account is complete: what the cards fetch is there, and nothing is under way. */
  async isSettled() {
    const picture = this.page.locator('figure.qr img')
    const again = this.card('Invite people').getByRole('button', { name: 'Try again' })
    await picture.or(again).first().waitFor()
    // Put off by a service on a busy machine.
    if (await again.isVisible()) await again.click()
    await picture.waitFor()
    await this.page.locator('.skeleton').first().waitFor({ state: 'detached' })
    await this.watch.quiet(this.page)
  }

  async isLoggedIn() {
    await this.button('Log out').waitFor()
  }

  async seesAccount() {
    await this.isLoggedIn()
    await this.isSettled()
  }

  async isLoggedOut() {
    await this.button('Send code').waitFor()
  }

  /** What is copied is what a person would paste. */
  async clipboard() {
    return this.page.evaluate(() => navigator.clipboard.readText())
  }

  async looksRight(options) {
    await expectAccessible(this.page, options)
    await expectNarrow(this.page)
  }

  async leave() {
    this.watch.end()
    await this.context.close()
  }
}

/** Has the page's files come from a folder, with the headers that the service gives them. */
async function takeFilesFrom(folder, context, base) {
  const root = base.replace(/\/$/, '')
  await context.route((url) => url.href.startsWith(`${root}/ui/`), async (route) => {
    const name = new URL(route.request().url()).pathname.split('/').pop()
    const body = await readFile(`${folder}/${name}`).catch(() => null)
    if (!body) return route.fulfill({ status: 404 })
    return route.fulfill({ body, contentType: TYPES[extname(name)] })
  })
  await context.route((url) => url.origin === new URL(base).origin && /^\/(i\/.*)?$/.test(url.pathname), async (route) => {
    const answer = await route.fetch()
    const page = await readFile(`${folder}/page.html`, 'utf8')
    const up = new URL(route.request().url()).pathname === '/' ? '' : '../'
    const body = page.replaceAll('{root}', up).replaceAll('{inbox}', 'true').replaceAll('{code_length}', codeLengths.get(base) ?? 4)
    return route.fulfill({ response: answer, body })
  })
}
