import { sql } from 'drizzle-orm'
import { keys } from '../../drizzle/schema.ts'
import { makeKey, neededKeys, openKey, type StoredKey } from '../domain/keys.ts'
import type { SigningAlgorithm } from '../domain/access-token.ts'
import type { Seals } from '../domain/sealing.ts'
import type { Database } from './database.ts'
import { decode } from './decode.ts'

export interface KeyRepository {
  all(): Promise<readonly StoredKey[]>
  /**
   * Makes the first key of each needed kind that there is none of, and gives all. Several instances may do so at once.
   *
   * @throws RootSecretMissing, or Error where a key was changed; no key is made then
   */
  ensure(algorithm: SigningAlgorithm, seals: Seals): Promise<readonly StoredKey[]>
}

export function createKeyRepository(database: Database): KeyRepository {
  const all = async () =>
    (await database.run(sql`select * from keys where revoked_at is null`)).map((row) => decode(keys, row))

  async function insert({ kid, purpose, algorithm, generation, publicJwk, sealed, sealedUnder }: StoredKey) {
    // Of several instances that make the same generation, one succeeds; the others find its key when they read.
    await database.run(sql`
      insert into keys (kid, purpose, algorithm, generation, public_jwk, sealed, sealed_under, published_at, signs_from)
      values (${kid}, ${purpose}, ${algorithm}, ${generation}, ${publicJwk === null ? null : JSON.stringify(publicJwk)}::jsonb,
              ${sealed}, ${sealedUnder}, now(), now())
      on conflict (purpose, algorithm, generation) do nothing`)
  }

  return {
    all,
    async ensure(algorithm, seals) {
      const stored = await all()
      // A root secret that does not open what there is makes nothing: what it sealed would keep the right one out, too.
      for (const key of stored) openKey(key, seals)
      const missing = neededKeys(algorithm).filter(
        (needed) => !stored.some((key) => key.purpose === needed.purpose && key.algorithm === needed.algorithm)
      )
      for (const needed of missing) {
        const generations = stored.filter((key) => key.purpose === needed.purpose && key.algorithm === needed.algorithm)
        await insert(makeKey(needed.purpose, needed.algorithm, generations.length + 1, seals))
      }
      return missing.length === 0 ? stored : all()
    }
  }
}
