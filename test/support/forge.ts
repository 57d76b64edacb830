import { createHmac, sign } from 'node:crypto'
import type { SigningAlgorithm } from '../../src/domain/access-token.ts'
import { createKeyRing } from '../../src/domain/key-ring.ts'
import type { OpenedKey, PrivateKey, StoredKey } from '../../src/domain/keys.ts'
import { createRevocationIndex, type RevocationIndex } from '../../src/domain/revocation-index.ts'
import { verifyToken, type Verdict } from '../../src/domain/verify-token.ts'
import { storedKey } from './key-rows.ts'

// Tokens of every shape, made without the code that is tested with them: signed by node:crypto, of texts as they are.

export const ISSUER = 'https://auth.example.com'
export const AUDIENCE = 'latchkey-api'
/** Seconds since the epoch. */
export const NOW = 1_800_000_000

export interface Forger {
  readonly algorithm: SigningAlgorithm
  readonly stored: OpenedKey
  readonly privateKey: PrivateKey
}
/** What is needed to sign. */
export type Signer = Pick<Forger, 'algorithm' | 'privateKey'>
export function makeForger(algorithm: SigningAlgorithm, more: Partial<StoredKey> = {}): Forger {
  const stored = storedKey('sign', algorithm, more)
  return { algorithm, stored, privateKey: stored.privateKey }
}
export const es256 = makeForger('ES256')
export const eddsa = makeForger('EdDSA')
export const hs256 = makeForger('HS256')
/** One for each algorithm. */
export const forgers: readonly Forger[] = [es256, eddsa, hs256]
/** Somebody who says to hold that key and signs with one of his own. */
export const impostorOf = (forger: Forger): Forger => ({
  ...forger,
  privateKey: makeForger(forger.algorithm).privateKey
})
export const keys = createKeyRing([
  ...forgers.map(({ stored }) => stored),
  storedKey('refresh', 'HS256'),
  storedKey('device', 'HS256')
])

/** Members of a JSON object, each as JSON text, so that `1e400` and `"\ud800"` can be said; undefined leaves one out. */
export type Members = Readonly<Record<string, string | undefined>>

export const jsonOf = (members: Members): string =>
  `{${Object.entries(members)
    .flatMap(([name, text]) => (text === undefined ? [] : [`${JSON.stringify(name)}:${text}`]))
    .join(',')}}`
const texts = (values: Readonly<Record<string, unknown>>): Members =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]))

export const headerOf = ({ algorithm, stored }: Forger): Members =>
  texts({ alg: algorithm, kid: stored.kid, typ: 'at+jwt' })
export const SERVICE_CLAIMS = texts({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'feed-reader',
  iat: NOW - 60,
  exp: NOW + 840,
  jti: 'token-1',
  client_id: 'feed-reader',
  ver: 3,
  scope: 'feed:read feed:write'
})
export const USER_CLAIMS: Members = {
  ...SERVICE_CLAIMS,
  ...texts({ sub: 'ann', client_id: 'latchkey', sid: 'session-1', roles: ['editor'], email: 'ann@example.com' })
}

export const encode = (part: string | Uint8Array): string => Buffer.from(part).toString('base64url')

export function signatureOf({ algorithm, privateKey }: Signer, input: string): Buffer {
  if (algorithm === 'HS256') return createHmac('sha256', privateKey).update(input).digest()
  if (algorithm === 'EdDSA') return sign(null, Buffer.from(input), privateKey)
  return sign('sha256', Buffer.from(input), { key: String(privateKey), dsaEncoding: 'ieee-p1363' })
}

/** Signs two parts that have been encoded already, whatever they are. */
export const signParts = (forger: Signer, header: string, payload: string): string =>
  `${header}.${payload}.${encode(signatureOf(forger, `${header}.${payload}`))}`

/** Signs a header and a payload given as text or bytes. */
export const signTexts = (forger: Signer, header: string | Uint8Array, payload: string | Uint8Array): string =>
  signParts(forger, encode(header), encode(payload))

/** A good token of a user but for what is said of its header and claims. */
export const forge = (forger: Forger, header: Members = {}, claims: Members = {}): string =>
  signTexts(forger, jsonOf({ ...headerOf(forger), ...header }), jsonOf({ ...USER_CLAIMS, ...claims }))

const nothingRevoked = createRevocationIndex()

export const judge = (token: string, revocations: RevocationIndex = nothingRevoked, seconds = NOW): Verdict =>
  verifyToken({ issuer: ISSUER, audience: AUDIENCE, keys, revocations, now: () => seconds * 1000 }, token)

/** `good`, or step and code, and whether the claims are given out: `time token_expired, claims given`. */
export function outcomeOf(verdict: Verdict): string {
  if (verdict.good) return 'good'
  return `${verdict.step} ${verdict.code}${verdict.claims === null ? '' : ', claims given'}`
}
export const outcome = (...args: Parameters<typeof judge>): string => outcomeOf(judge(...args))
