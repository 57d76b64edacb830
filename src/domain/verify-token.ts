import {
  ACCESS_TOKEN_TYPE,
  hasAccessClaims,
  LEEWAY_SECONDS,
  parseToken,
  type AccessClaims,
  type ParsedToken
} from './access-token.ts'
import type { Caller } from './caller.ts'
import type { ProblemCode } from './problems.ts'
import type { RevocationIndex } from './revocation-index.ts'
import type { VerificationKey } from './verification-key.ts'

/** Where verification keys come from: the service's own ring, or what another issuer publishes. */
export interface KeySource {
  find(kid: string): VerificationKey | null
}

/** The checks in the order in which they are made; the first that fails decides. */
export const VERIFICATION_STEPS = [
  'form',
  'header',
  'key',
  'signature',
  'claims',
  'issuer',
  'audience',
  'time',
  'revocation'
] as const
export type VerificationStep = (typeof VERIFICATION_STEPS)[number]

export type Verdict =
  | { readonly good: true; readonly claims: AccessClaims; readonly kid: string }
  | {
      readonly good: false
      readonly step: VerificationStep
      readonly code: Extract<ProblemCode, 'invalid_token' | 'token_expired' | 'token_revoked' | 'token_stale'>
      /** For a person; says nothing that the holder of the token does not know. */
      readonly reason: string
      /** Only of a token of ours whose signature is good, whatever has become of it since. */
      readonly claims: AccessClaims | null
    }

export interface Verification {
  readonly issuer: string
  /** Null for any: introspection tells whom a token is meant for. */
  readonly audience: string | null
  readonly keys: KeySource
  readonly revocations: Pick<RevocationIndex, 'stateOf' | 'isKeyRevoked'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Judges an access token of this service (RFC 9068 section 4, RFC 8725), by its text alone and what this process holds:
 * no input and output, no promise. Everything that verifies goes through it, so that no two answers can differ.
 * It does not check that the deny-list is current: who asks does that first.
 */
export function verifyToken({ issuer, audience, keys, revocations, now }: Verification, token: string): Verdict {
  const parsed = parseToken(token)
  if (parsed === null) return refused('form', 'It is not a compact JWS with canonical parts.')
  const headerFault = faultOfHeader(parsed.header)
  if (headerFault !== null) return refused('header', headerFault)

  const key = keys.find(String(parsed.header['kid']))
  if (key === null) return refused('key', 'Its kid names no key of the issuer.')
  // The key says which algorithm it is for, never the token (RFC 8725 section 3.1).
  if (parsed.header['alg'] !== key.algorithm) return refused('key', 'Its alg is not the algorithm of its key.')
  if (!key.signed(token)) return refused('signature', 'Its signature is not good.')

  const claims: ParsedToken['payload'] = parsed.payload
  if (!hasAccessClaims(claims)) return refused('claims', 'A claim is missing or of the wrong type.')
  if (claims.iss !== issuer) return refused('issuer', 'It was made by another issuer.')
  const meantFor = typeof claims.aud === 'string' ? [claims.aud] : claims.aud
  if (audience !== null && !meantFor.includes(audience)) return refused('audience', 'It is meant for another audience.')

  const seconds = now() / 1000
  if (claims.iat > seconds + LEEWAY_SECONDS || (claims.nbf ?? 0) > seconds + LEEWAY_SECONDS) {
    return refused('time', 'It is not valid yet.')
  }
  // Whoever holds a compromised key can sign anything: such a token does not even name a session to end.
  const keyIsRevoked = revocations.isKeyRevoked(key.kid)
  if (seconds >= claims.exp + LEEWAY_SECONDS) {
    const given = keyIsRevoked ? null : claims
    return { good: false, step: 'time', code: 'token_expired', reason: 'It has expired.', claims: given }
  }

  if (keyIsRevoked) {
    return { good: false, step: 'revocation', code: 'token_revoked', reason: 'Its key was revoked.', claims: null }
  }
  const { jti, sub, ver, sid = null } = claims
  const state = revocations.stateOf({ jti, sub, ver, sid, clientId: claims.client_id })
  if (state === 'revoked') {
    return { good: false, step: 'revocation', code: 'token_revoked', reason: 'It has been revoked.', claims }
  }
  if (state === 'stale') {
    const reason = 'What its subject may do has changed since.'
    return { good: false, step: 'revocation', code: 'token_stale', reason, claims }
  }
  return { good: true, claims, kid: key.kid }
}

const refused = (step: VerificationStep, reason: string): Verdict => ({
  good: false,
  step,
  code: 'invalid_token',
  reason,
  claims: null
})

function faultOfHeader(header: ParsedToken['header']): string | null {
  const { typ, kid } = header
  // Explicit typing keeps any other JWT of the issuer from being taken for an access token (RFC 9068 section 4, RFC 8725 section 3.11).
  const type = typeof typ === 'string' ? typ.toLowerCase() : ''
  if (type !== ACCESS_TOKEN_TYPE && type !== `application/${ACCESS_TOKEN_TYPE}`) return 'Its typ is not at+jwt.'
  // No extension is understood here, so none that must be understood is accepted (RFC 7515 section 4.1.11, RFC 7797 section 6).
  if ('crit' in header || 'b64' in header) return 'It has a header member that is not understood.'
  if (typeof kid !== 'string') return 'It has no kid.'
  return null
}

/** Who the holder of a token with these claims is. Frozen, so that it can be shared between requests. */
export function callerOf(claims: AccessClaims): Caller {
  const permissions = Object.freeze(claims.scope === undefined ? [] : claims.scope.split(' '))
  const { iss: issuer, jti: tokenId, sid: sessionId } = claims
  if (sessionId === undefined) {
    return Object.freeze({ kind: 'service', clientId: claims.client_id, permissions, tokenId, issuer })
  }
  const roles = Object.freeze([...(claims.roles ?? [])])
  const email = claims.email ?? ''
  return Object.freeze({ kind: 'user', id: claims.sub, email, roles, permissions, sessionId, tokenId, issuer })
}
