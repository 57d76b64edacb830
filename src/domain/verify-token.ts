import {
  ACCESS_TOKEN_TYPE,
  hasAccessClaims,
  LEEWAY_SECONDS,
  parseToken,
  type AccessClaims,
  type ParsedToken
} from './access-token.ts'
import type { LocalUser, Service } from './caller.ts'
import { verifyExternalToken, type ExternalIssuers, type ExternalVerdict } from './external-token.ts'
import type { RevocationIndex } from './revocation-index.ts'
import {
  findSigner,
  isMeantFor,
  judgeTime,
  type KeySource,
  mediaTypeOf,
  type Refusal,
  refused
} from './verification-steps.ts'

export { VERIFICATION_STEPS, type KeySource, type VerificationStep } from './verification-steps.ts'

type OwnVerdict = { readonly good: true; readonly claims: AccessClaims; readonly kid: string } | Refusal

/** `claims` are those of a token of ours; what another issuer's says is in `external`, and cannot be taken for them. */
export type Verdict = (OwnVerdict & { readonly external?: never }) | ExternalVerdict

export interface Verification {
  readonly issuer: string
  /** Null for any: introspection tells whom a token is meant for. */
  readonly audience: string | null
  readonly keys: KeySource
  readonly revocations: Pick<RevocationIndex, 'stateOf' | 'isKeyRevoked'>
  /** Issuers whose tokens are accepted beside our own, each with an audience of its own. None unless given. */
  readonly others?: ExternalIssuers
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const OWN_TYPES: ReadonlySet<string> = new Set([mediaTypeOf(ACCESS_TOKEN_TYPE)])

/**
 * Judges an access token of this service (RFC 9068 section 4, RFC 8725) or of an issuer that it accepts, by its text alone and
 * what this process holds: no input and output, no promise. Everything that verifies goes through it, so that no two
 * answers can differ. It does not check that the deny-list is current: who asks does that first.
 */
export function verifyToken(verification: Verification, token: string): Verdict {
  const parsed = parseToken(token)
  if (parsed === null) return refused('form', 'It is not a compact JWS with canonical parts.')
  const { iss } = parsed.payload
  // Nothing has been verified yet: this only chooses by whose keys and rules the token is judged, `iss` included.
  const other = typeof iss === 'string' ? verification.others?.get(iss) : undefined
  return other === undefined
    ? verifyOwnToken(verification, parsed, token)
    : verifyExternalToken(other, parsed, token, verification.now())
}

function verifyOwnToken(verification: Verification, parsed: ParsedToken, token: string): OwnVerdict {
  const { issuer, audience, keys, revocations, now } = verification
  const key = findSigner(parsed, token, OWN_TYPES, keys)
  if ('good' in key) return key
  const claims: ParsedToken['payload'] = parsed.payload
  if (!hasAccessClaims(claims)) return refused('claims', 'A claim is missing or of the wrong type.')
  if (claims.iss !== issuer) return refused('issuer', 'It was made by another issuer.')
  if (audience !== null && !isMeantFor(audience, claims.aud)) {
    return refused('audience', 'It is meant for another audience.')
  }

  const untimely = judgeTime(claims, now(), LEEWAY_SECONDS)
  // Whoever holds a compromised key can sign anything: such a token does not even name a session to end.
  const keyIsRevoked = revocations.isKeyRevoked(key.kid)
  if (untimely !== null) {
    return untimely.code === 'token_expired' && !keyIsRevoked ? { ...untimely, claims } : untimely
  }
  if (keyIsRevoked) return refused('revocation', 'Its key was revoked.', 'token_revoked')
  const { jti, sub, ver, sid = null } = claims
  const state = revocations.stateOf({ jti, sub, ver, sid, clientId: claims.client_id })
  if (state === 'revoked') return { ...refused('revocation', 'It has been revoked.', 'token_revoked'), claims }
  if (state === 'stale') {
    return { ...refused('revocation', 'What its subject may do has changed since.', 'token_stale'), claims }
  }
  return { good: true, claims, kid: key.kid }
}

/** Who the holder of a token of ours with these claims is. Frozen, so that it can be shared between requests. */
export function callerOf(claims: AccessClaims): LocalUser | Service {
  const permissions = Object.freeze(claims.scope === undefined ? [] : claims.scope.split(' '))
  const { iss: issuer, jti: tokenId, sid: sessionId } = claims
  if (sessionId === undefined) {
    return Object.freeze({ kind: 'service', clientId: claims.client_id, permissions, tokenId, issuer })
  }
  const roles = Object.freeze([...(claims.roles ?? [])])
  const email = claims.email ?? ''
  return Object.freeze({ kind: 'user', id: claims.sub, email, roles, permissions, sessionId, tokenId, issuer })
}
