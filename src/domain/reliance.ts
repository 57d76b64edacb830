import { setTimeout as delay } from 'node:timers/promises'
import type { Freshness } from './freshness.ts'
import { Problem } from './problems.ts'

export interface RelianceOptions {
  readonly freshness: Pick<Freshness, 'age'>
  /** Seconds for which a view is used as it is. */
  readonly freshFor: number
  /** Seconds after which an unconfirmed view is no longer relied on. */
  readonly currentFor: number
  /** A reading that confirms the view, or fails; one that is under way may be joined. Never rejects. */
  readonly read: () => Promise<void>
  /** Whether the last reading failed: then there is nothing to wait for. */
  readonly isFailing: () => boolean
}

/** Whether, and from when on, a view that is kept up by readings may be used. */
export interface Reliance {
  /** Whether the view is so new that `rely` makes nobody wait. */
  readonly isFresh: () => boolean
  /** Whether it can be relied on. */
  readonly isCurrent: () => boolean
  /**
   * Asked before each use. Null where the view may be used as it is; else what to wait for first, a quarter of a second at most.
   * @throws Problem, or gives a promise of it, `revocation_unavailable` where the view cannot be relied on
   */
  readonly rely: () => Promise<void> | null
}

/** The longest that a request waits. The view is used then all the same, until it is older than it may be. */
const CONFIRM_WITHIN_MILLISECONDS = 250

/**
 * A process that was stopped and continued has a request to answer before it hears what happened meanwhile: so an older view is
 * confirmed first.
 */
export function createReliance({ freshness, freshFor, currentFor, read, isFailing }: RelianceOptions): Reliance {
  const mayBeUsedFor = Math.min(freshFor, currentFor)
  const isFresh = () => freshness.age() <= mayBeUsedFor
  const isCurrent = () => freshness.age() <= currentFor
  const lags = () => !isFailing() && !isFresh()
  let confirming: Promise<void> | null = null

  async function confirm(): Promise<void> {
    const begun = performance.now()
    const left = () => CONFIRM_WITHIN_MILLISECONDS - (performance.now() - begun)
    // A reading that began before the process was stopped says nothing of the time since: another follows it.
    while (lags() && left() > 0) {
      const alarm = new AbortController()
      await Promise.race([read(), delay(left(), undefined, alarm).catch(() => undefined)])
      alarm.abort()
    }
  }

  function assertCurrent(): void {
    if (!isCurrent()) throw new Problem('revocation_unavailable', { retryAfterSeconds: 1 })
  }

  return {
    isFresh,
    isCurrent,
    rely() {
      if (isFresh()) return null
      if (lags()) return (confirming ??= confirm().finally(() => (confirming = null))).then(assertCurrent)
      assertCurrent()
      return null
    }
  }
}
