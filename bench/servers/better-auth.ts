// better-auth with e-mail and password over its memory adapter, one person in it; no rate limit and no log. Its reads are
// those of somebody who is signed in: GET /api/auth/get-session.
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addressAt, PASSWORD } from '../support/people.ts'
import { answerQuestions } from './answering.ts'

/** What is used of it. It is installed in bench/ alone, so that its own types are not at hand where the rest is checked. */
interface Auth {
  readonly api: {
    signUpEmail(call: { readonly body: Readonly<Record<string, string>> }): Promise<unknown>
    signInEmail(call: { readonly body: Readonly<Record<string, string>>; readonly asResponse: true }): Promise<Response>
  }
}
interface BetterAuth {
  readonly betterAuth: (options: unknown) => Auth
  readonly memoryAdapter: (tables: Record<string, unknown[]>) => unknown
  readonly toNodeHandler: (auth: Auth) => RequestListener
}
const peer = async (path: string): Promise<object> => (await import(`better-auth${path}`)) as object
const { betterAuth, memoryAdapter, toNodeHandler } = Object.assign(
  {},
  await peer(''),
  await peer('/adapters/memory'),
  await peer('/node')
) as BetterAuth

const auth = betterAuth({
  secret: 'a secret for benchmarks of more than 32 bytes',
  baseURL: 'http://127.0.0.1',
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true }
})
const person = { email: addressAt(0), password: PASSWORD }
await auth.api.signUpEmail({ body: { ...person, name: 'Ada Lovelace' } })

const server = createServer(toNodeHandler(auth))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

answerQuestions({
  port: () => (server.address() as AddressInfo).port,
  /** The cookies of a sign-in. */
  async cookies() {
    const answer = await auth.api.signInEmail({ body: person, asResponse: true })
    return answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
  }
})
