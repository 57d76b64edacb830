import { createHash } from 'node:crypto'
import { isIPv4, isIPv6 } from 'node:net'
import type { Device } from './device-token.ts'

/** Something whose failures are counted together. */
export interface Bucket {
  /** A digest: neither addresses nor accounts can be read out of the table of counters. */
  readonly key: string
  /** Failures after which every further attempt is refused until the window ends. */
  readonly mostFailures: number
  /** Failures and attempts under way together, at most: so that many at once get no further than many in a row. */
  readonly mostAtOnce: number
  readonly windowSeconds: number
  /** Whether the window begins anew with each failure, so that only a pause or a success ends a run. */
  readonly slides: boolean
  /** Whether a success forgets the failures. */
  readonly endsWithSuccess: boolean
}

/** NIST SP 800-63B-4 section 3.2.2: no more than 100 consecutive failures on one account. */
const MOST_IN_A_ROW = 100
const RUN_SECONDS = 24 * 3600
/** A person who mistypes gets through; guessing at one account from one place gets 40 tries an hour. */
const MOST_FAILURES = 10
/** Many people may share one address; who tries many accounts from it is slowed down all the same (ASVS v5.0.0-6.3.1). */
const MOST_FAILURES_OF_ADDRESS = 100
/** A whole office may sign in at once; what is hashed at once has a bound of its own. */
const MOST_AT_ONCE_OF_ADDRESS = 1000
const WINDOW_SECONDS = 15 * 60

/** What an attempt from a device that the account does not know is counted under. */
export const strangerBuckets = (address: string, emailKey: string): readonly Bucket[] => [
  bucket(['pair', networkOf(address), emailKey], MOST_FAILURES, { endsWithSuccess: true }),
  bucket(['address', networkOf(address)], MOST_FAILURES_OF_ADDRESS, { mostAtOnce: MOST_AT_ONCE_OF_ADDRESS }),
  bucket(['account', emailKey], MOST_IN_A_ROW, { windowSeconds: RUN_SECONDS, slides: true, endsWithSuccess: true })
]

/** What an attempt from a known device is counted under: nothing that a stranger's failures reach. */
export const deviceBuckets = ({ userId, deviceId }: Device): readonly Bucket[] => [
  bucket(['device', userId, deviceId], MOST_FAILURES, { endsWithSuccess: true }),
  bucket(['device run', userId, deviceId], MOST_IN_A_ROW, {
    windowSeconds: RUN_SECONDS,
    slides: true,
    endsWithSuccess: true
  })
]

/** What a signed-in person's attempts to confirm the password are counted under: the session, so that a thief of one locks out no other. */
export const sessionBuckets = (sessionId: string): readonly Bucket[] => [
  bucket(['session', sessionId], MOST_FAILURES, { endsWithSuccess: true })
]

/**
 * What a client's failures are counted under. The right secret is taken whatever has failed: nobody guesses 256 random bits,
 * so that a refusal would only keep out the owner. What is bounded is the work that a stranger makes.
 */
export const clientBuckets = (address: string, clientId: string): readonly Bucket[] => [
  bucket(['client', networkOf(address), clientId], MOST_FAILURES),
  bucket(['clients', networkOf(address)], MOST_FAILURES_OF_ADDRESS)
]

function bucket(name: readonly string[], mostFailures: number, rest: Partial<Bucket> = {}): Bucket {
  const key = createHash('sha256').update(JSON.stringify(name)).digest('base64url')
  return {
    key,
    mostFailures,
    mostAtOnce: MOST_IN_A_ROW,
    windowSeconds: WINDOW_SECONDS,
    slides: false,
    endsWithSuccess: false,
    ...rest
  }
}

/**
 * The network that an address stands for, however it is written. One customer usually has a whole IPv6 /64 (RFC 6177), so
 * counting single addresses of it would count nothing; an IPv4-mapped address (RFC 4291 section 2.5.5.2) is one of IPv4.
 */
export function networkOf(address: string): string {
  // Some proxies write a port into X-Forwarded-For, which would make a network of each connection.
  const withoutPort = address.replace(/^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/, '$1$2')
  const withoutZone = withoutPort.replace(/%.*$/s, '')
  if (!isIPv6(withoutZone)) return isIPv4(withoutPort) ? withoutPort : address
  // The URL standard has one spelling: lower case, no leading zeros, no dots.
  const { hostname } = new URL(`http://[${withoutZone}]`)
  const [, high, low] = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(hostname) ?? []
  if (high !== undefined && low !== undefined) {
    return [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255]).join('.')
  }
  const [before = [], after = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').filter(Boolean))
  const zeros = Array<string>(8 - before.length - after.length).fill('0')
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`
}
