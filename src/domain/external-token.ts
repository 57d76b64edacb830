import {
  ACCESS_TOKEN_TYPE,
  hasCommonClaims,
  isName,
  type AccessClaims,
  type CommonClaims,
  type ParsedToken
} from './access-token.ts'
import type { ExternalUser } from './caller.ts'
import {
  findSigner,
  isMeantFor,
  judgeTime,
  type KeySource,
  mediaTypeOf,
  type Refusal,
  refused
} from './verification-steps.ts'
import type { VerificationKey } from './verification-key.ts'

/** How the tokens of an issuer are judged that is not this service. */
export interface ExternalIssuer {
  /** `iss`, compared as a string. */
  readonly issuer: string
  readonly audience: string
  readonly algorithms: ReadonlySet<string>
  /** What `typ` may be, as `mediaTypeOf` has it. */
  readonly types: ReadonlySet<string>
  readonly keys: KeySource
  /** The member of the claims, by its exact name, that says which roles the holder has; null for none. */
  readonly roleClaim: string | null
  /** From a value of that member to a role of this service. */
  readonly roleMap: ReadonlyMap<string, string>
}

/** By `iss`. */
export type ExternalIssuers = ReadonlyMap<string, ExternalIssuer>

/** All that is read of the claims of such a token, beside the one that gives roles. `jti` is always in one of RFC 9068. */
export type ExternalClaims = CommonClaims & Partial<Pick<AccessClaims, 'jti'>>

/** What a good token of an external issuer says here. */
export interface ExternalIdentity {
  readonly claims: ExternalClaims
  /** Roles of this service, each once. */
  readonly roles: readonly string[]
}

/** The most that the contract allows. Its clock is not ours, other than that of the instances, who share one. */
export const EXTERNAL_LEEWAY_SECONDS = 30
const JWT_ACCESS_TOKEN = mediaTypeOf(ACCESS_TOKEN_TYPE)

export type ExternalVerdict =
  | {
      readonly good: true
      readonly external: ExternalIdentity
      readonly claims: null
      /** That its signature is good under. */
      readonly key: VerificationKey
    }
  | Refusal

/**
 * Judges a token whose `iss`, not verified yet, is that of `issuer`: by its keys, algorithms, types and audience alone.
 *
 * There is no step of revocation. What is on the deny-list are `jti`s, subjects and keys of ours; those of another issuer may
 * have the same names by accident or on purpose, so that to look them up could only refuse the wrong ones.
 */
export function verifyExternalToken(
  issuer: ExternalIssuer,
  parsed: ParsedToken,
  token: string,
  milliseconds: number
): ExternalVerdict {
  const key = findSigner(parsed, token, issuer.types, issuer.keys)
  if ('good' in key) return key
  if (!issuer.algorithms.has(key.algorithm)) return refused('key', 'Its alg is not accepted from its issuer.')
  const { header, payload } = parsed
  if (!hasExternalClaims(payload)) return refused('claims', 'A claim is missing or of the wrong type.')
  if (payload.jti === undefined && mediaTypeOf(String(header['typ'])) === JWT_ACCESS_TOKEN) {
    return refused('claims', 'It has no jti.')
  }
  if (payload.iss !== issuer.issuer) return refused('issuer', 'It was made by another issuer.')
  if (!isMeantFor(issuer.audience, payload.aud)) return refused('audience', 'It is meant for another audience.')
  const untimely = judgeTime(payload, milliseconds, EXTERNAL_LEEWAY_SECONDS)
  if (untimely !== null) return untimely
  const { iss, aud, sub, iat, exp, nbf, jti } = payload
  // Named one by one: `sid`, `ver`, `scope`, `roles` and `email` of another issuer mean nothing here, and do not get further.
  const claims = { iss, aud, sub, iat, exp, ...(nbf !== undefined && { nbf }), ...(jti !== undefined && { jti }) }
  return { good: true, external: { claims, roles: rolesOf(issuer, parsed.payload) }, claims: null, key }
}

function hasExternalClaims(payload: object): payload is ExternalClaims {
  const { jti }: { readonly jti?: unknown } = payload
  return hasCommonClaims(payload) && (jti === undefined || isName(jti))
}

/** What is not in the map gives nothing, and neither does a claim that is no text and no list. */
function rolesOf({ roleClaim, roleMap }: ExternalIssuer, payload: ParsedToken['payload']): readonly string[] {
  if (roleClaim === null || !Object.hasOwn(payload, roleClaim)) return []
  const values = [payload[roleClaim]].flat()
  return [...new Set(values.flatMap((value) => (typeof value === 'string' ? (roleMap.get(value) ?? []) : [])))]
}

/** Who the holder is: the pair of issuer and `sub`, never a user of ours, whatever `sub` is. Frozen. */
export function externalCallerOf({ claims, roles }: ExternalIdentity, permissions: readonly string[]): ExternalUser {
  const { iss: issuer, sub: subject, jti: tokenId = null } = claims
  return Object.freeze({
    kind: 'user',
    // No URL has a space in it, so that no two pairs are one text; and none is a UUID, as all ids of ours are.
    id: `${issuer} ${subject}`,
    email: null,
    roles: Object.freeze([...roles]),
    permissions: Object.freeze([...permissions]),
    sessionId: null,
    tokenId,
    issuer,
    subject
  })
}
