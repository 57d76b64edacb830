import {
  ACCESS_TOKEN_TYPE,
  hasAccessClaims,
  LEEWAY_SECONDS,
  parseToken,
  type AccessClaims,
  type ParsedToken
} from './access-token.ts'
import type { LocalUser, Service } from './caller.ts'
import {
  EXTERNAL_LEEWAY_SECONDS,
  verifyExternalToken,
  type ExternalIssuers,
  type ExternalVerdict
} from './external-token.ts'
import type { Revocable, RevocationIndex } from './revocation-index.ts'
import type { VerificationKey } from './verification-key.ts'
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

interface OwnGoodVerdict {
  readonly good: true
  readonly claims: AccessClaims
  /** That its signature is good under. */
  readonly key: VerificationKey
  readonly external?: never
}
type OwnVerdict = OwnGoodVerdict | (Refusal & { readonly external?: never })

/** `claims` are those of a token of ours; what another issuer's says is in `external`, and cannot be taken for them. */
export type Verdict = OwnVerdict | ExternalVerdict
export type GoodVerdict = Extract<Verdict, { readonly good: true }>

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
  const state = revocations.stateOf(revocableOf(claims))
  if (state === 'revoked') return { ...refused('revocation', 'It has been revoked.', 'token_revoked'), claims }
  if (state === 'stale') {
    return { ...refused('revocation', 'What its subject may do has changed since.', 'token_stale'), claims }
  }
  return { good: true, claims, key }
}

/** What can change about a token that was good, taken out of its verdict once. */
export interface Perishable {
  readonly keys: KeySource
  readonly key: VerificationKey
  readonly times: Pick<AccessClaims, 'iat' | 'exp' | 'nbf'>
  /** Seconds. */
  readonly leeway: number
  /** Null for a token of another issuer, which is on no list of ours. */
  readonly revocable: Revocable | null
}

/** Null where its issuer is not known (any more). */
export function perishableOf(verification: Verification, verdict: GoodVerdict): Perishable | null {
  const { key } = verdict
  if (verdict.external === undefined) {
    const revocable = revocableOf(verdict.claims)
    return { keys: verification.keys, key, times: timesOf(verdict.claims), leeway: LEEWAY_SECONDS, revocable }
  }
  const { claims } = verdict.external
  const keys = verification.others?.get(claims.iss)?.keys
  return keys === undefined
    ? null
    : { keys, key, times: timesOf(claims), leeway: EXTERNAL_LEEWAY_SECONDS, revocable: null }
}

/**
 * Whether a token that was judged to be good is so still: every step of `verifyToken` whose answer can be another for the same
 * text. Only yes is an answer; what has become of any other token, `verifyToken` says. Makes no garbage.
 */
export function isGoodStill({ revocations, now }: Verification, token: Perishable): boolean {
  const { keys, key, revocable } = token
  // The very key: a ring that was read anew, or a set that was fetched anew, has others, also where they are the same.
  if (keys.find(key.kid) !== key || judgeTime(token.times, now(), token.leeway) !== null) return false
  return revocable === null || (!revocations.isKeyRevoked(key.kid) && revocations.stateOf(revocable) === 'good')
}

const timesOf = ({ iat, exp, nbf }: Perishable['times']) => ({ iat, exp, ...(nbf !== undefined && { nbf }) })

function revocableOf({ jti, sub, ver, sid, client_id: clientId }: AccessClaims): Revocable {
  return { jti, sub, ver, sid: sid ?? null, clientId }
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
