import type { AccessClaims, ParsedToken } from './access-token.ts'
import type { ProblemCode } from './problems.ts'
import type { VerificationKey } from './verification-key.ts'

/** Where verification keys come from: the service's own ring, or what another issuer publishes. */
export interface KeySource {
  /** At once, out of what is held here. */
  find(kid: string): VerificationKey | null
  /**
   * Looks for keys that are not held yet, where there may be any; `find` is asked again after that.
   * @throws Problem `unavailable` where no key can be had at all
   */
  learn?(): Promise<void>
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

export interface Refusal {
  readonly good: false
  readonly step: VerificationStep
  readonly code: Extract<ProblemCode, 'invalid_token' | 'token_expired' | 'token_revoked' | 'token_stale'>
  /** For a person; says nothing that the holder of the token does not know. */
  readonly reason: string
  /** Only of a token of ours whose signature is good, whatever has become of it since. */
  readonly claims: AccessClaims | null
  /** Where nothing but the key was missing: who may have it since. */
  readonly unknownTo?: KeySource
}

export const refused = (step: VerificationStep, reason: string, code: Refusal['code'] = 'invalid_token'): Refusal => ({
  good: false,
  step,
  code,
  reason,
  claims: null
})

/** How `typ` values are compared: in any letter case, and `application/` may be left out (RFC 7515 section 4.1.9). */
export function mediaTypeOf(typ: string): string {
  const type = typ.toLowerCase()
  return type.includes('/') ? type : `application/${type}`
}

/** The header and the signature: all that is judged before a claim is believed. The key, where all is well. */
export function findSigner(
  { header }: ParsedToken,
  token: string,
  types: ReadonlySet<string>,
  keys: KeySource
): VerificationKey | Refusal {
  const { typ, kid } = header
  // Explicit typing keeps any other JWT of the issuer from being taken for an access token (RFC 9068 section 4, RFC 8725 section 3.11).
  if (typeof typ !== 'string' || !types.has(mediaTypeOf(typ))) {
    return refused(
      'header',
      `Its typ is not ${[...types].map((type) => type.replace('application/', '')).join(' or ')}.`
    )
  }
  // No extension is understood here, so none that must be understood is accepted (RFC 7515 section 4.1.11, RFC 7797 section 6).
  if ('crit' in header || 'b64' in header) return refused('header', 'It has a header member that is not understood.')
  if (typeof kid !== 'string') return refused('header', 'It has no kid.')

  const key = keys.find(kid)
  if (key === null) return { ...refused('key', 'Its kid names no key of the issuer.'), unknownTo: keys }
  // The key says which algorithm it is for, never the token (RFC 8725 section 3.1).
  if (header['alg'] !== key.algorithm) return refused('key', 'Its alg is not the algorithm of its key.')
  return key.signed(token) ? key : refused('signature', 'Its signature is not good.')
}

/** Whether a token that is meant for these is meant for this one. */
export const isMeantFor = (audience: string, aud: string | readonly string[]): boolean =>
  typeof aud === 'string' ? aud === audience : aud.includes(audience)

/** What the time says, with so many seconds by which the clock of the issuer may be off. */
export function judgeTime(
  { iat, exp, nbf = 0 }: Pick<AccessClaims, 'iat' | 'exp' | 'nbf'>,
  milliseconds: number,
  leeway: number
): Refusal | null {
  const seconds = milliseconds / 1000
  if (iat > seconds + leeway || nbf > seconds + leeway) return refused('time', 'It is not valid yet.')
  return seconds >= exp + leeway ? refused('time', 'It has expired.', 'token_expired') : null
}
