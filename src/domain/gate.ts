import { Problem } from './problems.ts'

export interface GateOptions {
  /** Jobs that run at once. */
  readonly concurrency: number
  /** Jobs that run at once while more than half of the queue waits; as many as else unless given. */
  readonly whenCrowded?: number
  /** Jobs that wait, at most. */
  readonly queue: number
  /** The longest that a job waits; left out where whoever asks says when it is over. */
  readonly waitMilliseconds?: number
  /** Monotonic, in milliseconds. */
  readonly now?: () => number
}

/** How busy a gate is. */
export interface GateLoad {
  readonly running: number
  readonly waiting: number
  /** Jobs begun so far. */
  readonly begun: number
}

export interface Gate extends GateLoad {
  /**
   * Runs the job when its turn comes, first come, first served.
   *
   * @param signal of the client: once it has gone, the job leaves the queue and is not begun. One that runs ends by itself.
   * @throws Problem `overloaded` when the queue is full, the wait took too long or the client has gone; or what the job throws
   */
  run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T>
  /** For who has something to do before: refuses whom `run` would refuse now. @throws Problem `overloaded` */
  assertRoom(): void
}

/** Until a job has been seen: about what Argon2id takes with OWASP's least parameters on a slow core. */
const FIRST_GUESS_MILLISECONDS = 100
/** Weight of the latest job: some ten jobs decide. */
const LATEST = 0.1
const MOST_RETRY_SECONDS = 60

/**
 * A bound on what runs at once and on what waits for it. Past it callers are refused at once: a queue without an end would
 * make everybody wait longer than they will, and hold memory for each.
 *
 * While the queue is more than half full, more comes than can be served, and more at once would only take from everything
 * else: then fewer run.
 */
export function createGate(options: GateOptions): Gate {
  const { concurrency, whenCrowded = concurrency, queue, waitMilliseconds, now = () => performance.now() } = options
  /** What gives each waiting job its turn, in the order of arrival. */
  const waiting = new Set<() => void>()
  let running = 0
  let begun = 0
  let jobMilliseconds = FIRST_GUESS_MILLISECONDS

  async function run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted === true) throw busy(signal.reason)
    if (waiting.size === 0 && running < bound()) running += 1
    else await turn(signal)
    begun += 1
    const start = now()
    try {
      return await job()
    } finally {
      jobMilliseconds += LATEST * (now() - start - jobMilliseconds)
      pass()
    }
  }

  const bound = () => (waiting.size > queue / 2 ? whenCrowded : concurrency)

  function turn(signal: AbortSignal | undefined): Promise<void> {
    assertQueue()
    return new Promise((resolve, reject) => {
      const enter = () => {
        leave()
        resolve()
      }
      const giveUp = (cause?: unknown) => {
        leave()
        reject(busy(cause))
      }
      const gone = () => giveUp(signal?.reason)
      const timer = waitMilliseconds === undefined ? undefined : setTimeout(giveUp, waitMilliseconds)
      const leave = () => {
        waiting.delete(enter)
        clearTimeout(timer)
        signal?.removeEventListener('abort', gone)
      }
      signal?.addEventListener('abort', gone)
      waiting.add(enter)
    })
  }

  function assertQueue(): void {
    if (waiting.size >= queue) throw busy()
  }

  /** Hands the place on, and others that are free again, to those who wait: nobody who comes now overtakes them. */
  function pass(): void {
    running -= 1
    for (const next of waiting) {
      if (running >= bound()) return
      running += 1
      next()
    }
  }

  function busy(cause?: unknown): Problem {
    const seconds = Math.ceil((waiting.size * jobMilliseconds) / concurrency / 1000)
    return new Problem('overloaded', { retryAfterSeconds: Math.min(Math.max(seconds, 1), MOST_RETRY_SECONDS), cause })
  }

  return {
    run,
    assertRoom() {
      if (waiting.size > 0 || running >= bound()) assertQueue()
    },
    get running() {
      return running
    },
    get waiting() {
      return waiting.size
    },
    get begun() {
      return begun
    }
  }
}
