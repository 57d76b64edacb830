import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from './access-token.ts'
import type { KeyTimes } from './key-life.ts'
import { RootSecretMissing, type Seals } from './sealing.ts'

/** What a key is for; a key of one purpose is never used for another. */
export type KeyPurpose = 'sign' | 'refresh' | 'csrf' | 'device'

/** What is public of a key pair, as a JWK (RFC 7517) without `kid` and `alg`; null for a symmetric key. */
export type PublicJwk = Readonly<Record<string, string>> | null

/** A key that has been made and is to be stored: its private part only sealed. */
export interface NewKey {
  readonly kid: string
  readonly purpose: KeyPurpose
  readonly algorithm: SigningAlgorithm
  readonly publicJwk: PublicJwk
  readonly sealed: Uint8Array
  readonly sealedUnder: string
}

export interface StoredKey extends NewKey, KeyTimes {
  /** Counts the keys of one purpose and algorithm: of two instances that make the next one, only one can. */
  readonly generation: number
  readonly createdAt: Date
  readonly verifiesUntil: Date | null
}

/** A stored key with its private part. */
export interface OpenedKey extends StoredKey {
  readonly privateKey: PrivateKey
}

/** The private part, opened: PKCS #8 in PEM for a key pair, the bytes of a symmetric key. */
export type PrivateKey = string | Buffer

/** 64 random bits: enough that no two keys of one installation ever share it, short enough to travel in each token. */
const KID_BYTES = 8
/** As long as the output of the hash, which RFC 2104 section 3 recommends and RFC 7518 section 3.2 demands. */
const MAC_KEY_BYTES = 32

const sealingContext = (kid: string, purpose: KeyPurpose, algorithm: SigningAlgorithm) =>
  `${purpose} ${algorithm} ${kid}`

/** Makes a key, ready to be stored. Purposes other than `sign` are HS256, that is HMAC-SHA-256. */
export function makeKey(purpose: KeyPurpose, algorithm: SigningAlgorithm, seals: Seals): NewKey {
  const kid = randomBytes(KID_BYTES).toString('hex')
  const { plain, publicJwk } = generate(algorithm)
  const sealed = seals.seal(plain, sealingContext(kid, purpose, algorithm))
  return { kid, purpose, algorithm, publicJwk, sealed, sealedUnder: seals.newest }
}

function generate(algorithm: SigningAlgorithm): { plain: Buffer; publicJwk: PublicJwk } {
  if (algorithm === 'HS256') return { plain: randomBytes(MAC_KEY_BYTES), publicJwk: null }
  const { privateKey, publicKey } =
    algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
  return { plain: privateKey.export({ format: 'der', type: 'pkcs8' }), publicJwk: jwkOf(publicKey) }
}

function jwkOf(publicKey: KeyObject): PublicJwk {
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
  if (kty === undefined || crv === undefined || x === undefined) throw new Error('A public key has no JWK.')
  return { kty, crv, x, ...(y !== undefined && { y }) }
}

/**
 * Opens the private part. The public part must be its own: nobody who can write to the database, and no more, may have a
 * key published and tokens accepted that he signs himself.
 *
 * @throws RootSecretMissing, or an Error that names the key, where it cannot be opened.
 */
export function openKey(key: NewKey, seals: Seals): PrivateKey {
  const { kid, purpose, algorithm, publicJwk } = key
  try {
    const plain = Buffer.from(seals.open(key.sealed, key.sealedUnder, sealingContext(kid, purpose, algorithm)))
    const opened = algorithm === 'HS256' ? plain : createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' })
    if (!isSamePublic(publicJwk, publicJwkOf(opened)))
      throw new Error('Its public part is not that of its private part.')
    return Buffer.isBuffer(opened) ? opened : opened.export({ format: 'pem', type: 'pkcs8' }).toString()
  } catch (cause) {
    if (cause instanceof RootSecretMissing) throw cause
    throw new Error(`The ${purpose} key ${kid} in the database was changed and cannot be opened.`, { cause })
  }
}

const publicJwkOf = (opened: Buffer | KeyObject) => (Buffer.isBuffer(opened) ? null : jwkOf(createPublicKey(opened)))

const isSamePublic = (one: PublicJwk, other: PublicJwk) =>
  JSON.stringify(Object.entries(one ?? {}).sort()) === JSON.stringify(Object.entries(other ?? {}).sort())

/**
 * Seals the private part anew under the newest root secret.
 *
 * @throws as `openKey`
 */
export function resealKey({ kid, purpose, algorithm, sealed, sealedUnder }: NewKey, seals: Seals) {
  const context = sealingContext(kid, purpose, algorithm)
  return { sealed: seals.seal(seals.open(sealed, sealedUnder, context), context), sealedUnder: seals.newest }
}

/** What keys other than those that sign there are, one of each. They are not rotated: `docs/OPERATING.md` says why. */
export const MAC_PURPOSES = ['refresh', 'device'] as const
export type MacPurpose = (typeof MAC_PURPOSES)[number]

export const isSigningAlgorithm = (name: string): name is SigningAlgorithm =>
  SIGNING_ALGORITHMS.some((algorithm) => algorithm === name)
