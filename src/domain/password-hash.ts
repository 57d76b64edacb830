import { randomBytes } from 'node:crypto'
import { hash, parseOptions, verify, type ParsedHashOptions } from '@node-rs/argon2'
import { normalizePassword } from './password-form.ts'

export interface HashParameters {
  readonly memoryKib: number
  /** Passes. */
  readonly timeCost: number
  /** Lanes. */
  readonly parallelism: number
}

export interface Verification {
  readonly right: boolean
  /** Right, but hashed with other parameters than are configured: to be hashed anew while the password is at hand. */
  readonly outdated: boolean
}

export interface PasswordHasher {
  /** A PHC string. */
  hash(password: string): Promise<string>
  /**
   * @param stored null for an unknown address or an account without a password, which is never right
   */
  verify(stored: string | null, password: string): Promise<Verification>
}

/** Computes the hash of a password as a PHC string says, and whether it is the one in that string. */
export type Compute = (stored: string, password: string) => Promise<boolean>

/** As the package numbers it; its enums are not there at run time. */
const ARGON2ID = 2
/** RFC 9106 section 4: a salt of 128 bits and a tag of 256. */
const SALT_BYTES = 16
const TAG_BYTES = 32
/** RFC 9106 section 4, second recommended option. */
const RECOMMENDED: HashParameters = { memoryKib: 64 * 1024, timeCost: 3, parallelism: 4 }
const MOST_TIMES = 4
/** What is shorter is a hash that was cut off, or one that many passwords have. */
const LEAST_TAG_BYTES = 16

/**
 * Argon2id (RFC 9106), computed on libuv's threads. Callers bound how many run at once.
 *
 * Unknown addresses, accounts without a password, wrong passwords and hashes that are not computed cost the same work,
 * so that the time does not tell who has an account (ASVS v5.0.0-6.3.8). Not so a stored hash with weaker or stronger
 * parameters than configured: it takes its own time until the next good sign-in replaces it.
 */
export function createPasswordHasher(parameters: HashParameters, compute: Compute = verify): PasswordHasher {
  const { memoryKib: memoryCost, timeCost, parallelism } = parameters
  const options = { algorithm: ARGON2ID, memoryCost, timeCost, parallelism, outputLen: TAG_BYTES }
  const beginning = `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$`
  // What verifies against this computes as much as against any other, and is wrong: salt and tag are random, and nobody
  // knows a password that has them (by chance 1 in 2^256). It takes no hashing at the start.
  const nobody = `${beginning}${randomBase64(SALT_BYTES)}$${randomBase64(TAG_BYTES)}`
  const isAsConfigured = (stored: string) => stored.startsWith(beginning) && stored.length === nobody.length

  return {
    // The package takes a salt of 16 bytes from the system's generator.
    hash: (password) => hash(normalizePassword(password), options),
    async verify(stored, password) {
      const usable = stored !== null && isWorthComputing(stored, parameters)
      const same = await compute(usable ? stored : nobody, normalizePassword(password))
      return { right: usable && same, outdated: usable && same && !isAsConfigured(stored) }
    }
  }
}

/**
 * A row that was damaged or planted must not take all memory, or hold up the queue for minutes. Four times the larger of
 * what is configured and what RFC 9106 recommends leaves room for settings that were lowered since, and for accounts that
 * came from elsewhere.
 */
function isWorthComputing(stored: string, configured: HashParameters): boolean {
  const parsed = stored.startsWith('$argon2id$') ? parse(stored) : null
  const most = (measure: (parameters: HashParameters) => number) =>
    MOST_TIMES * Math.max(measure(configured), measure(RECOMMENDED))
  return (
    parsed !== null &&
    parsed.memoryCost <= most(({ memoryKib }) => memoryKib) &&
    parsed.memoryCost * parsed.timeCost <= most(({ memoryKib, timeCost }) => memoryKib * timeCost) &&
    parsed.parallelism <= most(({ parallelism }) => parallelism) &&
    parsed.saltLen <= MOST_TIMES * SALT_BYTES &&
    parsed.outputLen >= LEAST_TAG_BYTES &&
    parsed.outputLen <= MOST_TIMES * TAG_BYTES
  )
}

/** Null where the string is no Argon2 hash in PHC form, or one that RFC 9106 section 3.1 does not allow. */
function parse(stored: string): ParsedHashOptions | null {
  try {
    return parseOptions(stored)
  } catch {
    return null
  }
}

const randomBase64 = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '')
