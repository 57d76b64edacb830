import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { encode, jsonOf, type Members } from './forge.ts'

// Assertions by which clients say who they are (RFC 7523), signed by node:crypto, of texts as they are.

export interface AssertionKey {
  readonly algorithm: 'ES256' | 'EdDSA'
  readonly privateKey: KeyObject
  /** The public key as it is registered. */
  readonly publicJwk: Readonly<Record<string, unknown>>
}

export function makeAssertionKey(algorithm: AssertionKey['algorithm'], more: object = {}): AssertionKey {
  const { privateKey, publicKey } =
    algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
  return { algorithm, privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), ...more } }
}

export const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
/** ISSUER of the tests' services. */
export const ISSUER = 'http://localhost:3000'
/** Seconds since the epoch. */
export const seconds = (): number => Math.floor(Date.now() / 1000)

export const signatureOf = ({ algorithm, privateKey }: AssertionKey, input: string): Buffer =>
  algorithm === 'EdDSA'
    ? sign(null, Buffer.from(input), privateKey)
    : sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })

/** A good assertion of that client but for what is said of its header and claims; each value is JSON text. */
export function assertionOf(key: AssertionKey, clientId: string, claims: Members = {}, header: Members = {}): string {
  const said = JSON.stringify
  const head = jsonOf({ alg: said(key.algorithm), typ: '"JWT"', ...header })
  const payload = jsonOf({
    iss: said(clientId),
    sub: said(clientId),
    aud: said(ISSUER),
    jti: said(randomUUID()),
    iat: String(seconds()),
    exp: String(seconds() + 60),
    ...claims
  })
  const input = `${encode(head)}.${encode(payload)}`
  return `${input}.${encode(signatureOf(key, input))}`
}

/** The parameters of `private_key_jwt`. */
export const byAssertion = (assertion: string) => ({ client_assertion_type: TYPE, client_assertion: assertion })
