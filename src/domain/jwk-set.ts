import { importJwk, type JwsAlgorithm } from './jwk.ts'
import { verificationKey, type VerificationKey } from './verification-key.ts'

/** The keys of a JWK Set (RFC 7517 section 5) that are fit to verify with. */
export interface KeySet {
  readonly keys: ReadonlyMap<string, VerificationKey>
  /** Why each of the others was left out. */
  readonly leftOut: readonly string[]
}

/** An issuer has a handful; each costs some work to look at. */
const MOST_KEYS = 100

/**
 * Reads a JWK Set. What is not plainly a signature key of its own `kid` for one of these algorithms is left out, and so are keys
 * that share a `kid`: which of them was meant, nobody could say.
 *
 * @throws Error where it is no set, or too large a one
 */
export function keysOfSet(document: unknown, algorithms: readonly JwsAlgorithm[]): KeySet {
  const jwks: unknown = typeof document === 'object' && document !== null && 'keys' in document ? document.keys : null
  if (!Array.isArray(jwks)) throw new Error('The document is no JWK Set.')
  if (jwks.length > MOST_KEYS) throw new Error(`The JWK Set has more than ${MOST_KEYS} keys.`)
  const kids = jwks.map(kidOf)
  const keys = new Map<string, VerificationKey>()
  const leftOut: string[] = []
  for (const [i, jwk] of jwks.entries()) {
    const imported = importJwk(jwk, algorithms)
    const name = `keys/${i}`
    if ('wrong' in imported) leftOut.push(`${name} ${imported.wrong}`)
    else if (imported.kid === null) leftOut.push(`${name} has no kid`)
    else if (kids.filter((kid) => kid === imported.kid).length > 1) leftOut.push(`${name} shares its kid with another`)
    else keys.set(imported.kid, verificationKey(imported.kid, imported.algorithm, imported.publicPem))
  }
  return { keys, leftOut }
}

/** Also of a key that is left out itself: it takes the name from the other all the same. */
const kidOf = (jwk: unknown): unknown => (typeof jwk === 'object' && jwk !== null && 'kid' in jwk ? jwk.kid : null)
