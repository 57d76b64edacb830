/** How long ago the view of what has been revoked was known to be whole. */
export interface Freshness {
  /** Something that is now complete began at this instant: call the result when it has completed. */
  begin(): () => void
  /** Seconds since the newest confirmed beginning; infinite before the first. */
  age(): number
}

/**
 * The age is asked for at every request and kept by no timer: in a process that was stopped and continued, a request may
 * come before any timer. It is the larger of two clocks' readings, because the monotonic one stands still while a
 * machine is suspended and the other may be set back.
 */
export function createFreshness(
  monotonic: () => number = () => performance.now(),
  wall: () => number = Date.now
): Freshness {
  let newest = { monotonic: -Infinity, wall: -Infinity }
  return {
    begin() {
      const began = { monotonic: monotonic(), wall: wall() }
      return () => {
        if (began.monotonic > newest.monotonic) newest = began
      }
    },
    age: () => Math.max(monotonic() - newest.monotonic, wall() - newest.wall) / 1000
  }
}
