import type { FastifyBaseLogger } from 'fastify'
import { createKeyRing, type KeyRing, type SigningKey } from '../src/domain/key-ring.ts'
import { openKey, type OpenedKey, type StoredKey } from '../src/domain/keys.ts'
import type { Seals } from '../src/domain/sealing.ts'
import { createKeySigner, type Signer } from './key-signer.ts'

/** The keys as this process holds them: opened, and ready to sign. */
export interface HeldKeys {
  readonly ring: KeyRing
  signerOf(key: SigningKey): Signer
  /** Holds what is stored now. What cannot be opened is left out and logged, once; what is held stays so. */
  take(stored: readonly StoredKey[]): Promise<void>
}

/** @throws Error where there is nothing to sign with */
export async function holdKeys(
  stored: readonly StoredKey[],
  seals: Seals,
  log: Pick<FastifyBaseLogger, 'error'>
): Promise<HeldKeys> {
  const refused = new Set<string>()
  let opened = new Map<string, OpenedKey>()
  let signers = new Map<string, Signer>()
  let seen = ''

  /**
   * A key that is held needs no root secret any more: an instance that was given the old one alone goes on with its keys
   * while others, in the course of a deployment, seal them under a newer one. What makes the key stays as it was opened,
   * whatever its row says now: only its times are read anew.
   */
  function openedOf(key: StoredKey): readonly OpenedKey[] {
    try {
      const { purpose, algorithm, publicJwk, privateKey } = opened.get(key.kid) ?? {
        ...key,
        privateKey: openKey(key, seals)
      }
      return [{ ...key, purpose, algorithm, publicJwk, privateKey }]
    } catch (error) {
      if (!refused.has(key.kid))
        log.error({ err: error, kid: key.kid }, 'A key cannot be opened, and is not used here.')
      refused.add(key.kid)
      return []
    }
  }

  async function hold(keys: readonly StoredKey[]): Promise<KeyRing> {
    const open = keys.flatMap(openedOf)
    const next = createKeyRing(open)
    const prepared = next.signers.map(
      async (key) => [key.kid, signers.get(key.kid) ?? (await createKeySigner(key))] as const
    )
    // Only once all is there does it take the place of what was there: all at once.
    signers = new Map(await Promise.all(prepared))
    opened = new Map(open.map((key) => [key.kid, key]))
    seen = lookOf(keys)
    return next
  }
  let ring = await hold(stored)

  return {
    get ring() {
      return ring
    },
    signerOf({ kid }) {
      const signer = signers.get(kid)
      if (signer === undefined) throw new Error(`The key ${kid} is not ready to sign.`)
      return signer
    },
    async take(keys) {
      if (lookOf(keys) !== seen) ring = await hold(keys)
    }
  }
}

/** Everything about the keys that may change. */
const lookOf = (keys: readonly StoredKey[]) =>
  JSON.stringify(
    keys.map(({ kid, sealedUnder, publishedAt, signsFrom, signsUntil, revokedAt }) => [
      ...[kid, sealedUnder, publishedAt, signsFrom, signsUntil, revokedAt]
    ])
  )
