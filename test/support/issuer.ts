import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Test } from './database.ts'

// Another issuer, written without the code that is tested with it: it answers and signs whatever a test tells it to.

export type KeyKind = 'ES256' | 'EdDSA' | 'RS256' | 'PS256'

export interface IssuerKey {
  readonly kid: string
  readonly kind: KeyKind
  readonly privateKey: KeyObject
  /** As it is published. */
  readonly jwk: Readonly<Record<string, unknown>>
}

const pairOf = (kind: KeyKind) => {
  if (kind === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return kind === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 })
}

export function makeIssuerKey(kid: string, kind: KeyKind = 'ES256'): IssuerKey {
  const { privateKey, publicKey } = pairOf(kind)
  return { kid, kind, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: kind, use: 'sig' } }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface Issuer {
  readonly url: string
  /** What is said of it in OIDC_ISSUERS, unless a test says otherwise. */
  readonly entry: { readonly issuer: string; readonly audience: string }
  /** The set that is published. */
  readonly publish: (...jwks: readonly unknown[]) => void
  /** Answers a path in another way from now on. */
  readonly on: (path: string, answer: Answer) => void
  /** The paths that were asked for so far, each time. */
  readonly asked: string[]
  /** How often the keys were asked for. */
  readonly fetches: () => number
  readonly close: () => Promise<void>
}

export const OPENID = '/.well-known/openid-configuration'
export const OAUTH = '/.well-known/oauth-authorization-server'
export const JWKS = '/jwks'

export const json =
  (value: unknown, status = 200): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }

export async function startIssuer(t: Test, ...keys: readonly IssuerKey[]): Promise<Issuer> {
  const answers = new Map<string, Answer>()
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const answer = answers.get(path)
    if (answer === undefined) response.writeHead(404).end()
    else answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  answers.set(OPENID, json({ issuer: url, jwks_uri: `${url}${JWKS}` }))
  const publish = (...jwks: readonly unknown[]) => {
    answers.set(JWKS, json({ keys: jwks }))
  }
  publish(...keys.map(({ jwk }) => jwk))
  const close = async () => {
    if (!server.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  t.teardown(close)
  return {
    url,
    entry: { issuer: url, audience: 'latchkey-api' },
    publish,
    on: (path, answer) => {
      answers.set(path, answer)
    },
    asked,
    fetches: () => asked.filter((path) => path === JWKS).length,
    close
  }
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function signatureOf({ kind, privateKey }: IssuerKey, input: Buffer): Buffer {
  if (kind === 'EdDSA') return sign(null, input, privateKey)
  if (kind === 'ES256') return sign('sha256', input, { key: privateKey, dsaEncoding: 'ieee-p1363' })
  // RSA_PKCS1_PADDING and RSA_PKCS1_PSS_PADDING; the salt is as long as the digest (RFC 7518 section 3.5).
  return sign('sha256', input, { key: privateKey, padding: kind === 'RS256' ? 1 : 6, saltLength: 32 })
}

export type Said = Readonly<Record<string, unknown>>

/** A good access token of that issuer but for what is said; undefined leaves a member out. */
export function tokenOf(issuer: Pick<Issuer, 'url'>, key: IssuerKey, claims: Said = {}, header: Said = {}): string {
  const iat = Math.floor(Date.now() / 1000)
  const head = encode({ alg: key.kind, kid: key.kid, typ: 'at+jwt', ...header })
  const required = { iss: issuer.url, aud: 'latchkey-api', sub: 'ann', iat, exp: iat + 600, jti: randomUUID() }
  const input = `${head}.${encode({ ...required, ...claims })}`
  return `${input}.${signatureOf(key, Buffer.from(input)).toString('base64url')}`
}
