import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from './access-token.ts'
import { RootSecretMissing, type Seals } from './sealing.ts'
import { verificationKey } from './verification-key.ts'
import type { KeySource } from './verify-token.ts'

/** What a key is for; a key of one purpose is never used for another. */
export type KeyPurpose = 'sign' | 'refresh' | 'csrf' | 'device'

/** A key as it is stored: its private part only sealed. Times in milliseconds since the epoch. */
export interface StoredKey {
  readonly kid: string
  readonly purpose: KeyPurpose
  readonly algorithm: SigningAlgorithm
  /** Counts the keys of one purpose and algorithm: of two instances that make the next one, only one can. */
  readonly generation: number
  readonly publicJwk: Readonly<Record<string, string>> | null
  readonly sealed: Uint8Array
  readonly sealedUnder: string
}

/** The private part, opened: PKCS #8 in PEM for a key pair, the bytes of a symmetric key. */
export type PrivateKey = string | Buffer

export interface SigningKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly privateKey: PrivateKey
}

export interface MacKey {
  readonly kid: string
  readonly secret: Buffer
}

export interface KeyRing extends KeySource {
  /** The key that access tokens are signed with now. */
  readonly signing: SigningKey
  /** The key for new refresh or device tokens. */
  currentMac(purpose: 'refresh' | 'device'): MacKey
  findMac(purpose: 'refresh' | 'device', kid: string): MacKey | null
}

/** 64 random bits: enough that no two keys of one installation ever share it, short enough to travel in each token. */
const KID_BYTES = 8
/** As long as the output of the hash, which RFC 2104 section 3 recommends and RFC 7518 section 3.2 demands. */
const MAC_KEY_BYTES = 32

const sealingContext = (kid: string, purpose: KeyPurpose, algorithm: SigningAlgorithm) =>
  `${purpose} ${algorithm} ${kid}`

/** Makes a key, ready to be stored. Purposes other than `sign` are HS256, that is HMAC-SHA-256. */
export function makeKey(purpose: KeyPurpose, algorithm: SigningAlgorithm, generation: number, seals: Seals): StoredKey {
  const kid = randomBytes(KID_BYTES).toString('hex')
  const { plain, publicJwk } = generate(algorithm)
  const sealed = seals.seal(plain, sealingContext(kid, purpose, algorithm))
  return { kid, purpose, algorithm, generation, publicJwk, sealed, sealedUnder: seals.newest }
}

function generate(algorithm: SigningAlgorithm): { plain: Buffer; publicJwk: StoredKey['publicJwk'] } {
  if (algorithm === 'HS256') return { plain: randomBytes(MAC_KEY_BYTES), publicJwk: null }
  const { privateKey, publicKey } =
    algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
  if (kty === undefined || crv === undefined || x === undefined) throw new Error(`${algorithm} has no JWK.`)
  const publicJwk = { kty, crv, x, ...(y !== undefined && { y }) }
  return { plain: privateKey.export({ format: 'der', type: 'pkcs8' }), publicJwk }
}

/** @throws RootSecretMissing, or an Error that names the key, where it cannot be opened. */
export function openKey({ kid, purpose, algorithm, sealed, sealedUnder }: StoredKey, seals: Seals): PrivateKey {
  try {
    const plain = Buffer.from(seals.open(sealed, sealedUnder, sealingContext(kid, purpose, algorithm)))
    if (algorithm === 'HS256') return plain
    return createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' })
      .export({ format: 'pem', type: 'pkcs8' })
      .toString()
  } catch (cause) {
    if (cause instanceof RootSecretMissing) throw cause
    throw new Error(`The ${purpose} key ${kid} in the database was changed and cannot be opened.`, { cause })
  }
}

const verifyingPart = (privateKey: PrivateKey) =>
  typeof privateKey === 'string'
    ? createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }).toString()
    : privateKey

/**
 * The stored keys, opened and sorted by what they are for. Keys of an earlier algorithm still verify; the newest
 * generation of `algorithm` signs.
 *
 * @throws RootSecretMissing where a key is sealed under a root secret that is not listed; Error where a kind of key is missing.
 */
export function createKeyRing(stored: readonly StoredKey[], algorithm: SigningAlgorithm, seals: Seals): KeyRing {
  const newestFirst = [...stored].sort((a, b) => b.generation - a.generation)
  const opened = newestFirst.map((key) => ({ ...key, privateKey: openKey(key, seals) }))
  const verifiers = new Map(
    opened
      .filter((key) => key.purpose === 'sign')
      .map((key) => [key.kid, verificationKey(key.kid, key.algorithm, verifyingPart(key.privateKey))])
  )
  const macs = opened.flatMap(({ kid, purpose, privateKey }) =>
    Buffer.isBuffer(privateKey) && purpose !== 'sign' ? [{ kid, purpose, secret: privateKey }] : []
  )
  const signing = opened.find((key) => key.purpose === 'sign' && key.algorithm === algorithm)
  if (signing === undefined) throw new Error(`There is no ${algorithm} key to sign with.`)
  return {
    signing,
    find: (kid) => verifiers.get(kid) ?? null,
    currentMac(purpose) {
      const mac = macs.find((key) => key.purpose === purpose)
      if (mac === undefined) throw new Error(`There is no key for ${purpose} tokens.`)
      return mac
    },
    findMac: (purpose, kid) => macs.find((key) => key.purpose === purpose && key.kid === kid) ?? null
  }
}

/** What an installation needs one key of each. */
export const neededKeys = (
  algorithm: SigningAlgorithm
): readonly { readonly purpose: KeyPurpose; readonly algorithm: SigningAlgorithm }[] => [
  { purpose: 'sign', algorithm },
  { purpose: 'refresh', algorithm: 'HS256' },
  { purpose: 'device', algorithm: 'HS256' }
]

export const isSigningAlgorithm = (name: string): name is SigningAlgorithm =>
  SIGNING_ALGORITHMS.some((algorithm) => algorithm === name)
