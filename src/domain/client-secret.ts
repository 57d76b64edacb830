import { createHash, randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'

/** By which scanners find a leaked secret. */
const PREFIX = 'lks_'
/** RFC 6749 section 10.10 asks for 128 bits at least. */
const SECRET_BYTES = 32

/** Secrets of one client that are valid at once: a new one is handed out before the old one goes. */
export const MOST_SECRETS = 2

/**
 * What is stored of it. People choose passwords that can be guessed, and a slow hash makes each guess dear; nobody guesses
 * 256 random bits however fast the hash is (NIST SP 800-63B-4 section 3.1.2.2), and it is computed for each token.
 */
export const hashOfClientSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** A new secret: what its client is told, this once, and what is stored. */
export function newClientSecret() {
  const secret = PREFIX + randomBytes(SECRET_BYTES).toString('base64url')
  return { secret, stored: { id: uuidv7(), hash: hashOfClientSecret(secret) } }
}
