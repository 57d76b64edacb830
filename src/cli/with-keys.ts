import { openKeeper, type KeyKeeper } from '../db/key-keeper.ts'
import { createKeyRepository } from '../db/keys.ts'
import type { StoredKey } from '../domain/keys.ts'
import { withDatabase } from './with-database.ts'

export interface Keys {
  readonly keeper: KeyKeeper
  /** The signing keys that are stored, the newest first. */
  readonly list: () => Promise<readonly StoredKey[]>
}

/** Does the work with the keys of the configured database. @throws StartRefused where the root secret does not open them. */
export async function withKeys(work: (keys: Keys) => Promise<void>): Promise<void> {
  await withDatabase(async (database, config) => {
    // What is revoked is in the journal, from where the instances that serve have it in force.
    const repository = createKeyRepository(database, () => undefined)
    const policy = { algorithm: config.jwtAlgorithm, intervalSeconds: config.keyRotationSeconds }
    const { keeper } = await openKeeper(repository, config, policy)
    await work({
      keeper,
      async list() {
        const { keys } = await repository.read()
        return keys
          .filter(({ purpose }) => purpose === 'sign')
          .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.kid < b.kid ? 1 : -1))
      }
    })
  })
}
