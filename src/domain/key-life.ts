import { LEEWAY_SECONDS, LONGEST_ACCESS_TOKEN_SECONDS, type SigningAlgorithm } from './access-token.ts'

/**
 * The life of a signing key: `next` (published, signs nothing yet), `current` (signs), `earlier` (verifies until its last
 * token has expired), or `revoked`; after `verifiesUntil` it is destroyed. One key is current, whatever its algorithm.
 */
export const KEY_STATES = ['next', 'current', 'earlier', 'revoked'] as const
export type KeyState = (typeof KEY_STATES)[number]

export interface KeyTimes {
  readonly publishedAt: Date
  readonly signsFrom: Date | null
  readonly signsUntil: Date | null
  readonly revokedAt: Date | null
}

/** What the life of a signing key depends on, beside its times. */
export interface LivingKey extends KeyTimes {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
}

export interface KeyPolicy {
  /** What the configuration wants tokens to be signed with. */
  readonly algorithm: SigningAlgorithm
  /** After how long a key is followed by its next. */
  readonly intervalSeconds: number
}

/** What has to be done. */
export interface KeyPlan {
  /** Whether there is no key to sign with. */
  readonly lacksCurrent: boolean
  /** The algorithms that there is no next key of. */
  readonly lacksNext: readonly SigningAlgorithm[]
  /** The next key that takes over now, and from which. */
  readonly turn: Turn | null
}

export interface Turn {
  readonly from: string
  readonly to: string
  /** That of `to`, and of the key that comes after it. */
  readonly algorithm: SigningAlgorithm
}

/** For how long a verifier may keep the published keys. RFC 7517 leaves it open; five minutes is what others ask for, too. */
const LONGEST_CACHE_SECONDS = 300
/** Caches add up: one of a proxy may be as old as allowed when the verifier's own begins, and a margin for slow clocks. */
const CACHES = 3
/**
 * How long a key verifies after it has stopped signing: the longest life of a token, whatever ACCESS_TOKEN_TTL is or was,
 * and five minutes more for an instance that is late to hear that another key signs.
 */
export const VERIFIES_AFTER_SECONDS = LONGEST_ACCESS_TOKEN_SECONDS + LEEWAY_SECONDS + 300

/**
 * An instance of the old setting that was started last, in the course of a deployment, has the last word on the algorithm for
 * this long; it is gone by then, or the settings differ for good, and the algorithm changes once an hour.
 */
const CHANGES_AGAIN_AFTER_SECONDS = 3600

/** How long a key has been published before it signs: longer than any cache of the published keys lives. */
export const publishedAheadSeconds = (intervalSeconds: number): number =>
  Math.min(CACHES * LONGEST_CACHE_SECONDS, intervalSeconds)

/** For how long the published keys may be kept, so that the next key is known everywhere before it signs. */
export const cacheSeconds = (intervalSeconds: number): number =>
  Math.floor(publishedAheadSeconds(intervalSeconds) / CACHES)

export function stateOfKey({ signsFrom, signsUntil, revokedAt }: KeyTimes): KeyState {
  if (revokedAt !== null) return 'revoked'
  if (signsFrom === null) return 'next'
  return signsUntil === null ? 'current' : 'earlier'
}

/** The key that signs. Where an older version has left several, it is the one that took over last. */
export const currentOf = <Key extends LivingKey>(keys: readonly Key[]): Key | null =>
  keys
    .filter((key) => stateOfKey(key) === 'current')
    .sort((a, b) => timeOf(b.signsFrom) - timeOf(a.signsFrom) || (a.kid < b.kid ? -1 : 1))[0] ?? null

/** The next key of an algorithm: of several, the one that has been published for longest. */
export const nextOf = <Key extends LivingKey>(keys: readonly Key[], algorithm: SigningAlgorithm): Key | null =>
  keys
    .filter((key) => stateOfKey(key) === 'next' && key.algorithm === algorithm)
    .sort((a, b) => a.publishedAt.getTime() - b.publishedAt.getTime() || (a.kid < b.kid ? -1 : 1))[0] ?? null

/**
 * A next key of each algorithm that may be wanted, so that a change of JWT_ALGORITHM finds one that all verifiers know.
 * HS256 is by itself: who signs with it publishes nothing, and has no verifiers that would have to know.
 */
export const algorithmsAtHand = (algorithm: SigningAlgorithm): readonly SigningAlgorithm[] =>
  algorithm === 'HS256' ? ['HS256'] : ['ES256', 'EdDSA']

/**
 * What is due.
 *
 * @param keys those that sign or did, all of them
 * @param now milliseconds since the epoch, by the database
 * @param changes whether this instance has still to make the change of algorithm that it was started for; it makes it once, so
 *   that old and new instances, side by side in a deployment, do not undo each other's
 */
export function planKeys(keys: readonly LivingKey[], policy: KeyPolicy, now: number, changes: boolean): KeyPlan {
  const current = currentOf(keys)
  const lacksNext = algorithmsAtHand(policy.algorithm).filter((algorithm) => nextOf(keys, algorithm) === null)
  if (current === null) return { lacksCurrent: true, lacksNext, turn: null }
  const signed = (now - timeOf(current.signsFrom)) / 1000
  const mayChange = changes || signed >= CHANGES_AGAIN_AFTER_SECONDS
  const algorithm = mayChange ? policy.algorithm : current.algorithm
  const next = nextOf(keys, algorithm)
  const isDue = current.algorithm === algorithm ? signed >= policy.intervalSeconds : true
  // Who signs with HS256 has no verifiers that know what is published.
  const isReady = next !== null && (current.algorithm === 'HS256' || isKnown(next, keys, policy, now))
  const turn = isDue && isReady ? { from: current.kid, to: next.kid, algorithm } : null
  return { lacksCurrent: false, lacksNext, turn }
}

/** Whether all who verify by the published keys have it: it has been there for long enough, or for as long as any of them. */
function isKnown({ algorithm, publishedAt }: LivingKey, keys: readonly LivingKey[], policy: KeyPolicy, now: number) {
  if (algorithm === 'HS256') return true
  const published = publishedAt.getTime()
  const first = Math.min(...keys.filter((key) => key.algorithm !== 'HS256').map((key) => key.publishedAt.getTime()))
  return published <= first || now >= published + publishedAheadSeconds(policy.intervalSeconds) * 1000
}

const timeOf = (time: Date | null) => time?.getTime() ?? 0
