import { createHash, verify } from 'node:crypto'
import { LEEWAY_SECONDS, parseToken, type ParsedToken } from './access-token.ts'
import { importJwk } from './jwk.ts'
import { decodeBase64url } from './base64url.ts'

/** What keys of assertions are for. */
export const ASSERTION_KEYS = ['ES256', 'EdDSA'] as const
/** `alg` of an assertion, and the keys that it is for: RFC 9864 section 2.2 gives EdDSA over Ed25519 a name of its own. */
const KEY_OF = new Map<unknown, (typeof ASSERTION_KEYS)[number]>([
  ['ES256', 'ES256'],
  ['EdDSA', 'EdDSA'],
  ['Ed25519', 'EdDSA']
])
/** What the metadata says. */
export const ASSERTION_ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519'] as const
/** `client_assertion_type` (RFC 7523 section 2.2). */
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Seconds ahead that an assertion may expire at most: it has to be remembered for as long, and need not outlive one request. */
const LONGEST_SECONDS = 600
const LONGEST_JTI = 256
/** Explicit typing (RFC 8725 section 3.11), as far as clients do it: what is typed as anything else is no assertion. */
const TYPES: readonly unknown[] = [undefined, 'jwt', 'client-authentication+jwt']

/** What an assertion says, once all of it is right but its signature. */
export interface ClientAssertion {
  readonly text: string
  readonly clientId: string
  /** What kind of key it says that it is signed with. */
  readonly algorithm: (typeof ASSERTION_KEYS)[number]
  readonly kid: string | null
  /** A digest by which it is known again: `jti` counts for each client alone. */
  readonly hash: Buffer
  /** `exp`, in seconds since the epoch. */
  readonly expiresAt: number
}

/**
 * Reads a client's assertion (RFC 7523 section 3, RFC 7521 section 5.2), or says what is wrong with it; its signature is
 * looked at by `isSignedBy`. Its audience is the issuer alone, and nothing else that names this service: an assertion that
 * another server was given for itself must not work here (RFC 7523 section 3 as its revision tightens it).
 *
 * @param now milliseconds since the epoch
 */
export function readAssertion(text: string, issuer: string, now: number): ClientAssertion | { readonly wrong: string } {
  const parsed = parseToken(text)
  if (parsed === null) return { wrong: 'The assertion is not a compact JWS with canonical parts.' }
  const { header, payload } = parsed
  const algorithm = KEY_OF.get(header['alg'])
  if (algorithm === undefined) return { wrong: `The alg of an assertion is ${ASSERTION_ALGORITHMS.join(', ')}.` }
  const wrong = faultOfHeader(header) ?? faultOfClaims(payload, issuer, now / 1000)
  if (wrong !== null) return { wrong }
  const { sub, jti, exp } = payload
  const clientId = String(sub)
  const hash = createHash('sha256')
    .update(JSON.stringify([clientId, jti]))
    .digest()
  const kid = typeof header['kid'] === 'string' ? header['kid'] : null
  return { text, clientId, algorithm, kid, hash, expiresAt: Number(exp) }
}

function faultOfHeader(header: ParsedToken['header']): string | null {
  const { typ, kid } = header
  const type = typeof typ === 'string' ? typ.toLowerCase() : typ
  if (!TYPES.includes(type)) return 'The assertion has a typ that is not that of one.'
  if ('crit' in header || 'b64' in header) return 'The assertion has a header member that is not understood.'
  return kid === undefined || typeof kid === 'string' ? null : 'The kid of the assertion is not a string.'
}

function faultOfClaims(claims: ParsedToken['payload'], issuer: string, seconds: number): string | null {
  const { iss, sub, aud, jti, exp, nbf, iat } = claims
  if (typeof sub !== 'string' || sub === '' || iss !== sub) return 'iss and sub of an assertion are the client_id.'
  const [only, ...others] = Array.isArray(aud) ? (aud as readonly unknown[]) : [aud]
  if (only !== issuer || others.length > 0) return `The aud of an assertion is the issuer alone, ${issuer}.`
  if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_JTI || !jti.isWellFormed()) {
    return `An assertion has a jti of 1 to ${LONGEST_JTI} characters.`
  }
  if (!Number.isSafeInteger(exp)) return 'An assertion has an exp, in whole seconds.'
  if (seconds >= Number(exp) + LEEWAY_SECONDS) return 'The assertion has expired.'
  if (Number(exp) > seconds + LONGEST_SECONDS) return `An assertion expires within ${LONGEST_SECONDS} seconds.`
  const later = [nbf, iat].filter((time) => time !== undefined)
  if (!later.every((time) => Number.isSafeInteger(time))) return 'nbf and iat are in whole seconds.'
  return later.every((time) => Number(time) <= seconds + LEEWAY_SECONDS) ? null : 'The assertion is not valid yet.'
}

/** Whether the assertion is signed by the key of this JWK, which says what it is for. */
export function isSignedBy(jwk: Readonly<Record<string, string>>, { text, algorithm, kid }: ClientAssertion): boolean {
  const key = importJwk(jwk, ASSERTION_KEYS)
  if ('wrong' in key || key.algorithm !== algorithm) return false
  if (kid !== null && key.kid !== null && kid !== key.kid) return false
  const end = text.lastIndexOf('.')
  const signature = decodeBase64url(text.slice(end + 1))
  if (signature === null) return false
  // RFC 7518 section 3.4: r and s as they are, without DER. EdDSA hashes by itself.
  const options = { key: key.publicPem, dsaEncoding: 'ieee-p1363' } as const
  return verify(algorithm === 'ES256' ? 'sha256' : null, Buffer.from(text.slice(0, end)), options, signature)
}
