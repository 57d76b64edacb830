import type { SigningAlgorithm } from '../../src/domain/access-token.ts'
import { makeKey, openKey, type KeyPurpose, type OpenedKey, type StoredKey } from '../../src/domain/keys.ts'
import { createSeals } from '../../src/domain/sealing.ts'

export const seals = createSeals(['the root secret of the tests, which is long enough'])

/** The second `seconds` of a time that tests count from. */
export const at = (seconds: number): Date => new Date(1_800_000_000_000 + seconds * 1000)

/** A key as it would be stored, in use since `at(0)` unless said otherwise. */
export function storedKey(
  purpose: KeyPurpose,
  algorithm: SigningAlgorithm,
  more: Partial<StoredKey> = {}
): StoredKey & OpenedKey {
  const made = makeKey(purpose, algorithm, seals)
  const times = { createdAt: at(0), publishedAt: at(0), signsFrom: at(0), signsUntil: null, verifiesUntil: null }
  return { ...made, ...times, generation: 1, revokedAt: null, ...more, privateKey: openKey(made, seals) }
}
