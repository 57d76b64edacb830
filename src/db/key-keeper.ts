import type { Act } from '../domain/act.ts'
import { currentOf, nextOf, planKeys, type KeyPolicy } from '../domain/key-life.ts'
import { makeKey, MAC_PURPOSES, openKey, resealKey, type StoredKey } from '../domain/keys.ts'
import { Problem } from '../domain/problems.ts'
import type { Seals } from '../domain/sealing.ts'
import type { Addition, KeyReading, KeyRepository } from './keys.ts'
import { openSeals, type RootSecrets } from './root-secret.ts'

/** Does what is due to the keys of an installation, and what is told. Any number of processes may, at the same time. */
export interface KeyKeeper {
  /** Makes the keys that are missing, and lets the next key take over where it is time. Gives what there is then. */
  upkeep(changes: boolean): Promise<KeyReading>
  /** Lets the next key take over now, and gives it. */
  rotate(act: Act): Promise<StoredKey>
  /** Revokes a signing key; false where there is none of that kid. */
  revoke(kid: string, act: Act): Promise<boolean>
  /** Seals what is sealed under an older root secret anew under the newest, and counts it. */
  rewrap(): Promise<number>
}

/** As the audit trail has what nobody asked for. */
const ITSELF: Act = { actor: null, ip: null, requestId: null }
/** Another process may come in between at each look, but not for ever. */
const MOST_LOOKS = 5

function createKeyKeeper(repository: KeyRepository, seals: Seals, policy: KeyPolicy): KeyKeeper {
  const isForSigning = ({ purpose }: StoredKey) => purpose === 'sign'
  const makeSigningKey = (algorithm = policy.algorithm) => makeKey('sign', algorithm, seals)

  function missingOf({ keys, now }: KeyReading): readonly Addition[] {
    const { lacksCurrent, lacksNext } = planKeys(keys.filter(isForSigning), policy, now, false)
    return [
      ...(lacksCurrent ? [{ key: makeSigningKey(), inUse: true }] : []),
      ...lacksNext.map((algorithm) => ({ key: makeSigningKey(algorithm), inUse: false })),
      ...MAC_PURPOSES.filter((purpose) => !keys.some((key) => key.purpose === purpose)).map((purpose) => ({
        key: makeKey(purpose, 'HS256', seals),
        inUse: true
      }))
    ]
  }

  /** What is stored, once nothing is missing; all that is missing at a first start is published at the same instant. */
  async function complete(): Promise<KeyReading> {
    for (let looks = 1; ; looks++) {
      const reading = await repository.read()
      const missing = missingOf(reading)
      if (missing.length === 0 || looks === MOST_LOOKS) return reading
      await repository.add(missing)
    }
  }

  return {
    async upkeep(changes) {
      const reading = await complete()
      const { turn } = planKeys(reading.keys.filter(isForSigning), policy, reading.now, changes)
      if (turn === null) return reading
      // Whoever is first does it; all others find that it is done. The keys that they made for it are gone with them.
      await repository.turn(turn, makeSigningKey(turn.algorithm), ITSELF)
      return complete()
    },

    async rotate(act) {
      for (let looks = 1; looks <= MOST_LOOKS; looks++) {
        const keys = (await complete()).keys.filter(isForSigning)
        const current = currentOf(keys)
        const next = nextOf(keys, policy.algorithm)
        if (current === null || next === null) continue
        const turned = await repository.turn({ from: current.kid, to: next.kid, ...policy }, makeSigningKey(), act)
        if (turned !== null) return turned
      }
      throw new Problem('unavailable', { detail: 'The keys are being changed by others.', retryAfterSeconds: 1 })
    },

    async revoke(kid, act) {
      for (let looks = 1; looks <= MOST_LOOKS; looks++) {
        const found = await repository.revoke(kid, makeSigningKey(), act)
        if (found === null) continue
        if (found) await complete()
        return found
      }
      throw new Problem('unavailable', { detail: 'The keys are being changed by others.', retryAfterSeconds: 1 })
    },

    async rewrap() {
      let count = 0
      for (const key of (await repository.read()).keys) {
        if (key.sealedUnder === seals.newest) continue
        if (await repository.reseal(key.kid, key.sealedUnder, resealKey(key, seals))) count += 1
      }
      return count
    }
  }
}

/**
 * The keeper of the keys, what they are sealed with, and whether for any that was an older root secret (`isAged`). One that
 * does not open what there is makes nothing: what it sealed would keep the right one out, too.
 *
 * @throws RootSecretMissing, or Error where a key was changed
 */
export async function openKeeper(repository: KeyRepository, rootSecrets: RootSecrets, policy: KeyPolicy) {
  const { keys } = await repository.read()
  const seals = await openSeals(rootSecrets, keys.length > 0)
  for (const key of keys) openKey(key, seals)
  const isAged = keys.some(({ sealedUnder }) => sealedUnder !== seals.newest)
  return { seals, isAged, keeper: createKeyKeeper(repository, seals, policy) }
}
