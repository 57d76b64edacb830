import { stateOfKey } from '../domain/key-life.ts'
import type { StoredKey } from '../domain/keys.ts'

/** A signing key as the API and the command line show it. */
export const keyShape = (key: StoredKey) => ({
  kid: key.kid,
  algorithm: key.algorithm,
  state: stateOfKey(key),
  created_at: key.createdAt.toISOString(),
  published_at: key.publishedAt.toISOString(),
  signs_from: key.signsFrom?.toISOString() ?? null,
  signs_until: key.signsUntil?.toISOString() ?? null,
  verifies_until: key.verifiesUntil?.toISOString() ?? null,
  revoked_at: key.revokedAt?.toISOString() ?? null
})
