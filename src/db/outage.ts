import { Problem } from '../domain/problems.ts'

/** SQLSTATE of a statement that lost against a concurrent one and may simply be tried again. */
const LOST = new Set(['40001', '40P01'])
/** Most times that a lost statement is tried. */
const MOST_TRIES = 4

/**
 * SQLSTATE classes and codes (PostgreSQL, appendix A) of a server that cannot do it now, whatever is asked:
 * 08 connection, 53 resources (disk full, too many connections), 57P0x shutdown, 58 system error,
 * 57014 and 55P03 time-outs, 25006 a standby that has not been promoted yet.
 */
const OUTAGE = /^(08...|53...|57P0.|58...|57014|55P03|25006)$/
const DRIVER_OUTAGE =
  /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONN(REFUSED|RESET|ABORTED)|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ENOENT)$/

/** The SQLSTATE or the driver's code of a database error. */
export function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null
  if ('code' in error && typeof error.code === 'string') return error.code
  return 'cause' in error ? codeOf(error.cause) : null
}

const isOutage = (code: string) => OUTAGE.test(code) || DRIVER_OUTAGE.test(code)

/** Runs `attempt`, again where it merely lost a race, and says `unavailable` where the database is not to be had. */
export async function withRetries<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      const code = codeOf(error)
      if (error instanceof Problem || code === null) throw error
      const lost = LOST.has(code)
      if (lost && tries < MOST_TRIES) continue
      throw lost || isOutage(code) ? unavailable(error) : error
    }
  }
}

/** Null where `work` wrote about a user who was removed at the same moment (foreign key, 23503). */
export const unlessGone = <T>(work: Promise<T>): Promise<T | null> => unlessFailed(work, '23503')

/** Null where another wrote the same in the same moment (unique index, 23505): what was decided upon is no longer so. */
export const unlessTaken = <T>(work: Promise<T>): Promise<T | null> => unlessFailed(work, '23505')

async function unlessFailed<T>(work: Promise<T>, sqlState: string): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (codeOf(error) === sqlState) return null
    throw error
  }
}

export const unavailable = (cause: unknown): Problem =>
  new Problem('unavailable', { detail: 'The database cannot be reached.', retryAfterSeconds: 1, cause })

/** Rejects with `unavailable` where `work` has not settled in time. */
export async function withDeadline<T>(work: Promise<T>, milliseconds: number, onExpiry: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(unavailable(new Error(`The database did not answer within ${milliseconds} ms.`)))
      onExpiry()
    }, milliseconds)
  })
  try {
    return await Promise.race([work, expiry])
  } finally {
    clearTimeout(timer)
  }
}
