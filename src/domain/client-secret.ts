import { createHash, randomBytes } from 'node:crypto'

const PREFIX = 'lks_'

/** Secrets of one client that are valid at once: a new one is handed out before the old one goes. */
export const MOST_SECRETS = 2

/** A client's secret: 256 random bits (RFC 6749 section 10.10) behind a prefix by which scanners find a leaked one. */
export const makeClientSecret = (): string => PREFIX + randomBytes(32).toString('base64url')

/**
 * What is stored of it. People choose passwords that can be guessed, and a slow hash makes each guess dear; nobody guesses
 * 256 random bits however fast the hash is (NIST SP 800-63B-4 section 3.1.2.2), and it is computed for each token.
 */
export const hashOfClientSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()
