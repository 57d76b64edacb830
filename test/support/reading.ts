import type { LightMyRequestResponse } from 'fastify'
import type { Sent, TestApp } from './app.ts'

// What tests of routes ask and read off the answers.

export type Answer = LightMyRequestResponse

/** The status, and for a problem its code: `200`, `401 token_revoked`. */
export function outcome(answer: Answer): string {
  return answer.statusCode < 400 ? String(answer.statusCode) : `${answer.statusCode} ${answer.json().code}`
}

/** The members that a problem is about. */
export const pointersOf = (answer: Answer): string[] =>
  (answer.json().errors as { pointer: string }[]).map(({ pointer }) => pointer)

/** The cookies that the answer sets, as they were written. */
export const cookieLines = (answer: Answer): string[] => [answer.headers['set-cookie'] ?? []].flat()

export const REFRESH = '__Host-latchkey_refresh'
export const DEVICE = '__Host-latchkey_device'

/** The value of a cookie that the answer sets; undefined where it does not set it, empty where it clears it. */
export const cookieOf = (answer: Answer, name: string): string | undefined =>
  answer.cookies.find((cookie) => cookie.name === name)?.value

const jsonPart = (token: string, index: number): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString())

/** What a JWT says, whoever signed it. */
export const headerOf = (token: string) => jsonPart(token, 0)
export const claimsOf = (token: string) => jsonPart(token, 1)
export const sessionOf = (token: string) => String(claimsOf(token)['sid'])

export const login = (app: TestApp, email: string, password: string, more: Sent = {}, delivery = 'body') =>
  app.send('POST', '/api/v1/auth/login', { body: { email, password, delivery }, ...more })

export const refresh = (app: TestApp, refreshToken: string) =>
  app.send('POST', '/api/v1/auth/refresh', { body: { refresh_token: refreshToken } })

/** What a protected route says to the holder of the token. */
export const knock = async (app: TestApp, token: string): Promise<string> =>
  outcome(await app.send('GET', '/api/v1/users/me', { token }))

/** A page of the audit trail, newest first. */
export async function events(app: TestApp, token: string, query: Readonly<Record<string, string>>) {
  const answer = await app.send('GET', `/api/v1/audit?${new URLSearchParams(query).toString()}`, { token })
  return answer.json<{ items: AuditEvent[] }>().items
}

interface AuditEvent {
  readonly id: string
  readonly at: string
  readonly action: string
  readonly actor: string | null
  readonly subject: string | null
  readonly outcome: string
  readonly ip: string | null
  readonly request_id: string | null
  readonly detail: Readonly<Record<string, unknown>>
}

export const actionsOf = (found: readonly AuditEvent[]) => found.map(({ action }) => action)
