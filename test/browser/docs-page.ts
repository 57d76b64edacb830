import type { Browser, Locator, Page } from 'playwright-core'

export interface Executed {
  readonly status: number
  readonly body: unknown
  /** The `Authorization` that the page sent, without any help from the test. */
  readonly authorization: string | null
}

export interface DocsPage {
  readonly page: Page
  /** What the browser complained about: blocked by the policy, failed to load, thrown by a script, or from elsewhere. */
  readonly complaints: readonly string[]
  open(): Promise<string>
  operation(method: string, path: string): Promise<Locator>
  /** What stands in the body's text field. */
  prefilled(method: string, path: string): Promise<unknown>
  /** Presses Execute, with everything as it stands. */
  execute(method: string, path: string): Promise<Executed>
  /** Pastes a token into the dialog behind Authorize. */
  authorise(token: string): Promise<void>
  forget(): Promise<void>
}

const REPORT_VIOLATIONS = `document.addEventListener('securitypolicyviolation', (event) =>
  reportViolation(event.violatedDirective + ' blocked ' + event.blockedURI + ' from ' + event.sourceFile))`

/** The documentation page of the service at `origin`, as somebody in front of a browser uses it. */
export async function openDocs(browser: Browser, origin: string): Promise<DocsPage> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  page.setDefaultTimeout(30_000)
  const complaints: string[] = []
  await page.exposeFunction('reportViolation', (text: string) => complaints.push(`policy: ${text}`))
  await page.addInitScript(REPORT_VIOLATIONS)
  page.on('pageerror', (error) => complaints.push(`script: ${error.message}`))
  page.on('console', (message) => {
    // Chromium also logs every refused call as an error; that a call is refused is for the caller of `execute` to judge.
    const refusedCall = message.text().startsWith('Failed to load resource') && message.location().url.includes('/api/')
    if (['error', 'warning'].includes(message.type()) && !refusedCall) complaints.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    const { protocol, origin: to } = new URL(request.url())
    if (protocol !== 'data:' && to !== origin) complaints.push(`request to elsewhere: ${request.url()}`)
  })

  async function operation(method: string, path: string): Promise<Locator> {
    const block = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) })
    if (!(await block.evaluate((element) => element.className.includes('is-open')))) {
      await block.locator('.opblock-summary-control').click()
    }
    return block
  }

  const dialog = page.locator('.dialog-ux .modal-ux')
  const openDialog = () => page.locator('.auth-wrapper .authorize').click()
  const closeDialog = () => dialog.locator('.btn-done').click()

  return {
    page,
    complaints,
    operation,
    async open() {
      const answer = await page.goto(`${origin}/docs`, { waitUntil: 'networkidle' })
      return (await answer?.headerValue('content-security-policy')) ?? ''
    },
    async prefilled(method, path) {
      const block = await operation(method, path)
      return JSON.parse(await block.locator('textarea.body-param__text').inputValue())
    },
    async execute(method, path) {
      const block = await operation(method, path)
      const [answer] = await Promise.all([
        page.waitForResponse((one) => one.url() === origin + path && one.request().method() === method.toUpperCase()),
        block.locator('.execute').click()
      ])
      const status = answer.status()
      await block
        .locator('.live-responses-table .response-col_status', { hasText: String(status) })
        .first()
        .waitFor()
      const text = status === 204 ? '' : await answer.text()
      return {
        status,
        body: text === '' ? null : JSON.parse(text),
        authorization: (await answer.request().allHeaders())['authorization'] ?? null
      }
    },
    async authorise(token) {
      await openDialog()
      await dialog.locator('input').fill(token)
      await dialog.locator('.auth-btn-wrapper .authorize').click()
      await closeDialog()
    },
    async forget() {
      await openDialog()
      await dialog.locator('.auth-btn-wrapper', { hasText: 'Logout' }).locator('button').first().click()
      await closeDialog()
    }
  }
}
