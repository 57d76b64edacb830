import type { LightMyRequestResponse } from 'fastify'
import type { TestApp } from './app.ts'
import { inject } from './inject.ts'

// What services do: they are registered, say who they are, and get tokens.

export const CLIENTS = '/api/v1/clients'
/** An id as clients have them, which none has. */
export const NOBODY = '01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01'

export interface TestClient {
  readonly id: string
  readonly secret: string
  readonly secretId: string
}

/** Registers a client; an administrator's token is needed. */
export async function makeClient(app: TestApp, admin: string, body: object = {}): Promise<TestClient> {
  const made = await app.send('POST', CLIENTS, { token: admin, body: { name: 'billing', permissions: [], ...body } })
  if (made.statusCode !== 201) throw new Error(`client: ${made.statusCode} ${made.body}`)
  const { client_id: id, client_secret: secret, secrets } = made.json<ClientShape & { client_secret: string }>()
  return { id, secret, secretId: secrets[0]?.id ?? '' }
}

/** A client as the contract shows it. */
export interface ClientShape {
  readonly client_id: string
  readonly name: string
  readonly permissions: readonly string[]
  readonly audiences: readonly string[]
  readonly public_jwk: Readonly<Record<string, string>> | null
  readonly disabled: boolean
  readonly created_at: string
  readonly secrets: readonly {
    readonly id: string
    readonly created_at: string
    readonly last_used_at: string | null
  }[]
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64')
/** The header fields of `client_secret_basic`; ids and secrets of this service need no form-encoding. */
export const basic = ({ id, secret }: Pick<TestClient, 'id' | 'secret'>) => ({
  authorization: `Basic ${base64(`${id}:${secret}`)}`
})
/** The parameters of `client_secret_post`. */
export const post = ({ id, secret }: Pick<TestClient, 'id' | 'secret'>) => ({ client_id: id, client_secret: secret })

export interface SentForm {
  readonly headers?: Readonly<Record<string, string>>
  readonly remoteAddress?: string
}
export type Fields = Readonly<Record<string, string>>

/** Sends a form; fields, or a body as it is. */
export function form(
  app: TestApp,
  path: string,
  fields: Fields | string | Buffer,
  { headers = {}, remoteAddress }: SentForm = {}
): Promise<LightMyRequestResponse> {
  const isText = typeof fields === 'string' || Buffer.isBuffer(fields)
  return inject(app.app, {
    method: 'POST',
    url: path,
    payload: isText ? fields : new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    ...(remoteAddress !== undefined && { remoteAddress })
  })
}

export const GRANT = { grant_type: 'client_credentials' } as const
/** Asks for a token by `client_secret_basic`. */
export const askToken = (app: TestApp, client: Pick<TestClient, 'id' | 'secret'>, fields: Fields = {}) =>
  form(app, '/oauth2/token', { ...GRANT, ...fields }, { headers: basic(client) })

/** A token of the client. */
export async function clientToken(app: TestApp, client: TestClient, fields: Fields = {}): Promise<string> {
  const answer = await askToken(app, client, fields)
  if (answer.statusCode !== 200) throw new Error(`token: ${answer.statusCode} ${answer.body}`)
  return answer.json<{ access_token: string }>().access_token
}

export const introspect = (app: TestApp, client: Pick<TestClient, 'id' | 'secret'>, token: string, more: Fields = {}) =>
  form(app, '/oauth2/introspect', { token, ...more }, { headers: basic(client) })
export const revoke = (app: TestApp, client: Pick<TestClient, 'id' | 'secret'>, token: string, more: Fields = {}) =>
  form(app, '/oauth2/revoke', { token, ...more }, { headers: basic(client) })

/** The status, and where it refuses its error: `200`, `401 invalid_client`. What is no error of RFC 6749 is said instead. */
export function oauthOutcome({ statusCode, headers, body }: LightMyRequestResponse): string {
  if (statusCode < 400) return String(statusCode)
  if (headers['content-type'] !== 'application/json') return `${statusCode} as ${String(headers['content-type'])}`
  const { error, error_description: description, ...rest } = JSON.parse(body) as Readonly<Record<string, unknown>>
  // RFC 6749 section 5.2 says of which characters a description is.
  const wellFormed = typeof description === 'string' && /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/.test(description)
  if (!wellFormed || Object.keys(rest).length > 0) return `${statusCode} of another form: ${body}`
  return `${statusCode} ${String(error)}`
}

/** What a route with a permission of its own says to the holder of the token; `users:read` is what it asks for. */
export const knockAsService = async (app: TestApp, token: string): Promise<string> => {
  const answer = await app.send('GET', '/api/v1/users?limit=1', { token })
  return answer.statusCode < 400
    ? String(answer.statusCode)
    : `${answer.statusCode} ${answer.json<{ code: string }>().code}`
}

/** Forms of this client that do not name one token, and what to call them: none, an empty one, two, and what is no text. */
export function formsWithoutOneToken({ id, secret }: TestClient): readonly (readonly [what: string, form: string])[] {
  return ['', '&token=', '&token=a&token=b', '&token=%00'].map((rest) => [
    rest,
    `client_id=${id}&client_secret=${secret}${rest}`
  ])
}
