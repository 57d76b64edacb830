import { createPublicKey } from 'node:crypto'
import type { SigningAlgorithm } from './access-token.ts'
import { currentOf, stateOfKey } from './key-life.ts'
import type { MacPurpose, OpenedKey, PrivateKey } from './keys.ts'
import { verificationKey } from './verification-key.ts'
import type { KeySource } from './verify-token.ts'

export interface SigningKey {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly privateKey: PrivateKey
}

export interface MacKey {
  readonly kid: string
  readonly secret: Buffer
}

/** A key as it is published (RFC 7517). */
export type PublishedKey = Readonly<Record<string, string>>

/** The keys, opened, as they stood when they were read. */
export interface KeyRing extends KeySource {
  /**
   * The keys that may sign, the best first: the current one, then the next ones. The second is asked where the first was
   * revoked a moment ago, and it is not known here yet which took its place.
   */
  readonly signers: readonly SigningKey[]
  /** The public keys, the current one first; none that is revoked. */
  readonly published: readonly PublishedKey[]
  /** The key for new refresh or device tokens. */
  currentMac(purpose: MacPurpose): MacKey
  findMac(purpose: MacPurpose, kid: string): MacKey | null
}

const verifyingPart = (privateKey: PrivateKey) =>
  typeof privateKey === 'string'
    ? createPublicKey(privateKey).export({ format: 'pem', type: 'spki' }).toString()
    : privateKey

/**
 * Sorts keys by what they are for. A revoked key is still found, so that its tokens can be told to be revoked: whoever
 * verifies asks for that next, as `verifyToken` does.
 *
 * @throws Error where there is none to sign with
 */
export function createKeyRing(keys: readonly OpenedKey[]): KeyRing {
  const signing = keys.filter((key) => key.purpose === 'sign')
  const current = currentOf(signing)
  if (current === null) throw new Error('There is no key to sign with.')
  const rest = [...signing].sort((a, b) => b.publishedAt.getTime() - a.publishedAt.getTime())
  const isIn = (state: string) => (key: OpenedKey) => key !== current && stateOfKey(key) === state
  // What took over lately and is current still, from before there was one at a time, is as good as an earlier one.
  const earlier = rest.filter((key) => isIn('earlier')(key) || isIn('current')(key))
  const next = rest.filter(isIn('next')).reverse()
  const verifiers = new Map(
    signing.map((key) => [key.kid, verificationKey(key.kid, key.algorithm, verifyingPart(key.privateKey))])
  )
  const macs = keys
    .flatMap(({ kid, purpose, generation, privateKey }) =>
      Buffer.isBuffer(privateKey) && purpose !== 'sign' ? [{ kid, purpose, generation, secret: privateKey }] : []
    )
    .sort((a, b) => b.generation - a.generation)

  return {
    signers: [
      current,
      ...next.filter(({ algorithm }) => algorithm === current.algorithm),
      ...next.filter(({ algorithm }) => algorithm !== current.algorithm)
    ],
    published: [current, ...next, ...earlier].flatMap(({ kid, algorithm, publicJwk }) =>
      publicJwk === null ? [] : [{ ...publicJwk, kid, alg: algorithm, use: 'sig' }]
    ),
    find: (kid) => verifiers.get(kid) ?? null,
    currentMac(purpose) {
      const mac = macs.find((key) => key.purpose === purpose)
      if (mac === undefined) throw new Error(`There is no key for ${purpose} tokens.`)
      return mac
    },
    findMac: (purpose, kid) => macs.find((key) => key.purpose === purpose && key.kid === kid) ?? null
  }
}
