import { createVerifier, type Algorithm } from 'fast-jwt'

/** A key that tokens are verified with. */
export interface VerificationKey {
  readonly kid: string
  /** The one algorithm that the key was made for; what a token's header says is only compared with it. */
  readonly algorithm: string
  /** Whether the signature of the whole compact token is good under this key and algorithm. Never throws. */
  signed(token: string): boolean
}

/**
 * One prepared verifier a key. It checks the signature alone: fast-jwt is too lenient with the claims, which those judge who
 * know what kind of token it is.
 *
 * @param key SubjectPublicKeyInfo in PEM, or the bytes of a symmetric key
 */
export function verificationKey(kid: string, algorithm: Algorithm, key: string | Buffer): VerificationKey {
  const verify = createVerifier({
    key,
    algorithms: [algorithm],
    ignoreExpiration: true,
    ignoreNotBefore: true,
    cache: false
  })
  return {
    kid,
    algorithm,
    signed(token) {
      try {
        verify(token)
        return true
      } catch {
        return false
      }
    }
  }
}
