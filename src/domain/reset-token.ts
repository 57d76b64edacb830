import { createHash, randomBytes } from 'node:crypto'

/** How long a reset token may be used, in seconds. */
export const RESET_TOKEN_SECONDS = 3600
const PREFIX = 'lkp_'

/** A one-use token with which a person sets a password: 256 random bits behind a prefix that secret scanners know. */
export const makeResetToken = (): string => PREFIX + randomBytes(32).toString('base64url')

/**
 * What is stored of it. A plain hash is enough: nobody guesses 256 random bits, so a slow one would buy nothing
 * (NIST SP 800-63B-4 section 3.1.2.2 says the same of look-up secrets with 112 bits and more).
 */
export const hashOfResetToken = (token: string): Buffer => createHash('sha256').update(token).digest()
