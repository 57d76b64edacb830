import { signInAdmin, startApp, type Settings, type TestApp } from './app.ts'
import type { Test } from './database.ts'
import { freePort } from './free-port.ts'

/** The service as programs find it that nobody here wrote: over HTTP, at an address which is also its issuer. */
export interface ServiceAtAddress extends TestApp {
  readonly issuer: string
  /** A token of the administrator. */
  readonly admin: string
  /** Registers a client as the administrator. */
  register(client: ClientRequest): Promise<RegisteredClient>
}

export interface ClientRequest {
  readonly permissions?: readonly string[]
  readonly audiences?: readonly string[]
  readonly public_jwk?: object
}

export interface RegisteredClient {
  readonly id: string
  readonly secret: string
}

export async function startAtAddress(t: Test, settings: Settings = {}): Promise<ServiceAtAddress> {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const service = await startApp(t, { ISSUER: issuer, ...settings })
  await service.app.listen({ host: '127.0.0.1', port })
  const { accessToken: admin } = await signInAdmin(service)
  return {
    ...service,
    issuer,
    admin,
    async register(client) {
      const body = { name: 'foreign', permissions: [], ...client }
      const answer = await service.send('POST', '/api/v1/clients', { token: admin, body })
      if (answer.statusCode !== 201) throw new Error(`clients: ${answer.statusCode} ${answer.body}`)
      const { client_id: id, client_secret: secret } = answer.json<{ client_id: string; client_secret: string }>()
      return { id, secret }
    }
  }
}

/** The same token with other claims, under the signature that it had. */
export function tampered(token: string, claims: Readonly<Record<string, unknown>>): string {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const read: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
  const changed = Buffer.from(JSON.stringify({ ...Object(read), ...claims })).toString('base64url')
  return [header, changed, signature].join('.')
}
