/** The one time by which tokens expire and revocations are dropped. */
export interface Clock {
  /** Milliseconds since the epoch; from the first observation on it never goes back. */
  now(): number
  /**
   * The database said `databaseMilliseconds` to a question that was answered at this instant, `took` milliseconds after it
   * was asked. Gives by how many milliseconds the database is behind what it said before: `now` stands still for so long.
   */
  observe(databaseMilliseconds: number, took?: number): number
}

/**
 * The database's time at the last observation plus the monotonic time since. The machine's own wall clock is not asked
 * after that: one that jumps ahead would drop entries of the deny-list, and its jump back would revive their tokens.
 */
export function createClock(monotonic: () => number = () => performance.now(), wall: () => number = Date.now): Clock {
  let seen: { readonly database: number; readonly at: number } | null = null
  let latest = 0
  return {
    now() {
      if (seen === null) return wall()
      latest = Math.max(latest, seen.database + monotonic() - seen.at)
      return latest
    },
    observe(databaseMilliseconds, took = 0) {
      // It was said somewhere between: in the middle, the error is at most half of what it took.
      seen = { database: databaseMilliseconds, at: monotonic() - took / 2 }
      return Math.max(0, latest - (databaseMilliseconds + took / 2))
    }
  }
}
