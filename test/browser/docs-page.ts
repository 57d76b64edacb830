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
  /** Has the page get a token for a service, in the same dialog, with these scopes of those that it offers. */
  authoriseService(client: { readonly id: string; readonly secret: string }, scopes: readonly string[]): Promise<void>
  forgetService(): Promise<void>
  /** The scopes that the dialog offers. */
  offeredScopes(): Promise<readonly string[]>
  dialog: Locator
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
  const openDialog = () => page.locator('.auth-wrapper > .authorize').click()
  /** The part of the dialog that is about one security scheme. */
  const schemeNamed = (name: string) =>
    dialog.locator('.auth-container').filter({ has: page.locator('h4', { hasText: new RegExp(`^${name}\\b`) }) })
  const logout = (scheme: Locator) =>
    scheme.locator('.auth-btn-wrapper', { hasText: 'Logout' }).locator('button').first().click()
  const closeDialog = () => dialog.locator('.close-modal').click()

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
        page.waitForResponse(
          (one) => new URL(one.url()).pathname === path && one.request().method() === method.toUpperCase()
        ),
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
    dialog,
    async authorise(token) {
      await openDialog()
      const bearer = schemeNamed('bearer')
      await bearer.locator('input').fill(token)
      await bearer.locator('.auth-btn-wrapper .authorize').click()
      await closeDialog()
    },
    async forget() {
      await openDialog()
      await logout(schemeNamed('bearer'))
      await closeDialog()
    },
    async authoriseService({ id, secret }, scopes) {
      await openDialog()
      const service = schemeNamed('service')
      await service.locator('input[data-name="clientId"]').fill(id)
      await service.locator('input[data-name="clientSecret"]').fill(secret)
      for (const scope of scopes) await service.locator('.checkbox', { hasText: scope }).locator('label').click()
      const [answer] = await Promise.all([
        page.waitForResponse((one) => one.url() === `${origin}/oauth2/token`),
        service.locator('.auth-btn-wrapper .authorize').click()
      ])
      if (!answer.ok()) throw new Error(`The page got no token: ${await answer.text()}`)
      await service.locator('.auth-btn-wrapper', { hasText: 'Logout' }).waitFor()
      await closeDialog()
    },
    async forgetService() {
      await openDialog()
      await logout(schemeNamed('service'))
      await closeDialog()
    },
    async offeredScopes() {
      await openDialog()
      const names = await schemeNamed('service').locator('.checkbox .name').allInnerTexts()
      await closeDialog()
      return names
    }
  }
}
