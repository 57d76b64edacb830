import { createFreshness } from '../domain/freshness.ts'
import type { KeySet } from '../domain/jwk-set.ts'
import { Problem } from '../domain/problems.ts'
import type { KeySource } from '../domain/verification-steps.ts'

export interface RemoteKeysOptions {
  /** Fetches the set as it is published now. */
  readonly fetchKeys: (signal: AbortSignal) => Promise<KeySet>
  /** Told of each fetch. */
  readonly onFetched?: (set: KeySet) => void
  readonly onFailed?: (error: unknown) => void
  /** Aborts whatever is under way, once nobody will ask any more. */
  readonly closing?: AbortSignal
  /** Milliseconds, never going back. */
  readonly monotonic?: () => number
}

/** Seconds. */
const MINUTE = 60

/** For discovery and keys together; who waits for an unknown key waits no longer. */
const FETCH_WITHIN = 5
/** From the beginning of one fetch to that of the next, however many ask, and whatever for. */
const COOL_DOWN = 30
/** An older set is fetched anew while requests go on with it. */
const REFRESH_AFTER = 4 * MINUTE
/** An older set is fetched anew first: a key that was withdrawn is good for no longer while its issuer answers. */
const GOOD_FOR = 5 * MINUTE
/** Where the issuer does not answer, its keys are used for no longer: a withdrawn one may be among them. */
const STALE_FOR = 60 * MINUTE

/**
 * The keys that somebody publishes, as they were fetched last: the set as a whole takes the place of the one before. Looking
 * up a key that is there makes no promise.
 */
export function createRemoteKeys(options: RemoteKeysOptions): KeySource {
  const { fetchKeys, closing, monotonic = () => performance.now() } = options
  const freshness = createFreshness(monotonic)
  let keys: KeySet['keys'] = new Map()
  let beganAt = -Infinity
  let failing = false
  let underWay: Promise<void> | null = null

  async function fetchAnew(): Promise<void> {
    // Of when it was asked for: what is withdrawn while it comes may be in it.
    const complete = freshness.begin()
    const late = AbortSignal.timeout(FETCH_WITHIN * 1000)
    try {
      const set = await fetchKeys(closing === undefined ? late : AbortSignal.any([late, closing]))
      keys = set.keys
      complete()
      failing = false
      options.onFetched?.(set)
    } catch (error) {
      failing = true
      options.onFailed?.(error)
    }
  }

  /** Seconds until there may be another. */
  const coolDown = () => COOL_DOWN - (monotonic() - beganAt) / 1000

  /** One at a time, and none within the cool-down of the one before. */
  function fetchIfAllowed(): void {
    if (underWay !== null || coolDown() > 0) return
    beganAt = monotonic()
    underWay = fetchAnew().finally(() => (underWay = null))
  }

  return {
    find(kid) {
      const age = freshness.age()
      if (age >= REFRESH_AFTER) fetchIfAllowed()
      // While the issuer is known not to answer, nobody waits to hear it again.
      if (age >= STALE_FOR || (age >= GOOD_FOR && underWay !== null && !failing)) return null
      return keys.get(kid) ?? null
    },

    async learn() {
      fetchIfAllowed()
      await underWay
      if (freshness.age() < STALE_FOR) return
      const retryAfterSeconds = Math.max(1, Math.ceil(coolDown()))
      throw new Problem('unavailable', { detail: 'The keys of the issuer cannot be had.', retryAfterSeconds })
    }
  }
}
