import { createRevocationIndex, PRUNE_STEPS, type Revocable } from '../../src/domain/revocation-index.ts'
import { milliseconds } from './spread.ts'

/** What the suite asks of each of those that it compares. */
export interface DenyList {
  /** Those with an even number are tokens, the others sessions. */
  add(number: number, id: string, seconds: number): void
  isRevoked(token: Revocable): boolean
  /** Forgets what is over, and says for how many milliseconds at most nothing else could be done. */
  prune(seconds: number): number
  size(): number
}

/** The service's own, pruned at once or in steps as the service does. */
function createOurs(inSteps: boolean): DenyList {
  const index = createRevocationIndex()
  return {
    add(number, id, seconds) {
      const kind = number % 2 === 0 ? 'token' : 'session'
      index.apply({ kind, id, staleBelow: null, revokedBelow: null, until: seconds * 1000 })
    },
    isRevoked: (token) => index.stateOf(token) === 'revoked',
    prune(seconds) {
      if (!inSteps) return milliseconds(() => index.prune(seconds * 1000))
      const steps = Array.from({ length: PRUNE_STEPS }, () => milliseconds(() => index.pruneStep(seconds * 1000)))
      return Math.max(...steps)
    },
    size: () => index.size
  }
}

/** What one writes first, at its best: whole seconds, which a Map holds without a box around each. */
function createMaps(): DenyList {
  const tokens = new Map<string, number>()
  const sessions = new Map<string, number>()
  return {
    add: (number, id, seconds) => (number % 2 === 0 ? tokens : sessions).set(id, seconds),
    isRevoked: ({ jti, sid }) => tokens.has(jti) || (sid !== null && sessions.has(sid)),
    prune: (seconds) =>
      milliseconds(() => {
        for (const map of [tokens, sessions]) for (const [id, until] of map) if (until <= seconds) map.delete(id)
      }),
    size: () => tokens.size + sessions.size
  }
}

export const DENY_LISTS = { ours: () => createOurs(false), inSteps: () => createOurs(true), maps: createMaps }
export type Contender = keyof typeof DENY_LISTS
