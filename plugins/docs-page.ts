/** What is used of Swagger UI's system; its plugin interface comes without types. */
interface System {
  readonly authActions: { authorize(authorized: object): void; logout(names: readonly string[]): void }
  readonly authSelectors: { authorized(): { has(name: string): boolean } }
}

interface Call {
  readonly pathName: string
  readonly method: string
  /** A copy of the document, made for this call alone. */
  readonly spec: { readonly paths: Readonly<Record<string, Readonly<Record<string, { security?: object }>>>> }
}

interface Answer {
  readonly ok?: boolean
  readonly body?: unknown
}

type AnswerAction = (path: string, method: string, answer: Answer) => unknown

/**
 * A Swagger UI plugin: a sign-in that is executed on the page authorises the calls after it, and a sign-out ends that.
 * It runs in the browser, where it arrives as its own source text: nothing that is defined outside of it is in reach.
 */
export function latchkeyPage() {
  const auth = '/api/v1/auth/'
  const endings = [`post ${auth}logout`, `post ${auth}logout-all`, 'delete /api/v1/users/me']

  function tokenOf({ ok, body }: Answer): string | null {
    if (ok !== true || typeof body !== 'object' || body === null || !('access_token' in body)) return null
    return typeof body.access_token === 'string' ? body.access_token : null
  }

  // One document, at the address that everybody is told, and not a second one beside this page.
  const atItsAddress = (action: (url: string) => unknown) => (url: string) =>
    action(new URL('../openapi.json', url).href)

  // Anyone may sign out, says the document, so Swagger UI would send no token and the session would live on.
  const withToken = (execute: (call: Call) => unknown) => (call: Call) => {
    const operation = call.spec.paths[call.pathName]?.[call.method]
    if (operation !== undefined && call.pathName === `${auth}logout`) operation.security = [{ bearer: [] }]
    return execute(call)
  }

  function forget({ authSelectors, authActions }: System, name: string): void {
    if (authSelectors.authorized().has(name)) authActions.logout([name])
  }

  const readingAnswer = (action: AnswerAction, system: System) => (path: string, method: string, answer: Answer) => {
    const value = path.startsWith(auth) ? tokenOf(answer) : null
    if (value !== null) {
      const schema = { type: 'http', scheme: 'bearer' }
      // Of two tokens Swagger UI would send that of the service, and who has just signed in would not be who is calling.
      forget(system, 'service')
      system.authActions.authorize({ bearer: { name: 'bearer', schema, value } })
    } else if (answer.ok === true && endings.includes(`${method} ${path}`)) {
      forget(system, 'bearer')
    }
    return action(path, method, answer)
  }

  return {
    statePlugins: {
      spec: {
        wrapActions: {
          updateUrl: atItsAddress,
          download: atItsAddress,
          executeRequest: withToken,
          setResponse: readingAnswer
        }
      }
    }
  }
}
