import { parseStrictJson } from './strict-json.ts'
import { decodeBase64url, decodeUtf8 } from './base64url.ts'

/** The algorithms that the service signs its own tokens with. RS256 is left out: ASVS v5.0.0 Appendix C. */
export const SIGNING_ALGORITHMS = ['ES256', 'EdDSA', 'HS256'] as const
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number]

/** `typ` of a JWT access token (RFC 9068 section 2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt'
/** `client_id` of users' tokens: they get them from the service itself. */
export const OWN_CLIENT_ID = 'latchkey'
/** A request line and its fields stay far below what servers accept, and a hostile token stays cheap. */
export const MOST_TOKEN_BYTES = 8192
/** Seconds by which the clocks of issuer and verifier may differ. The contract allows 30; all instances tell the time by one database. */
export const LEEWAY_SECONDS = 5
/** The longest that ACCESS_TOKEN_TTL may be, in seconds: what has been revoked is remembered for this long and LEEWAY_SECONDS more. */
export const LONGEST_ACCESS_TOKEN_SECONDS = 3600

/** The claims of an access token, names as in the token (RFC 9068 section 2.2), all present unless said otherwise. */
export interface AccessClaims {
  readonly iss: string
  readonly aud: string | readonly string[]
  readonly sub: string
  /** Seconds since the epoch, as all three times. */
  readonly iat: number
  readonly exp: number
  readonly nbf?: number
  readonly jti: string
  readonly client_id: string
  /** The token version of the subject when the token was made. */
  readonly ver: number
  /** Permissions, space-delimited; absent when there are none. */
  readonly scope?: string
  /** Users only, and what tells them from services. */
  readonly sid?: string
  readonly roles?: readonly string[]
  readonly email?: string
}

export interface ParsedToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
}

/**
 * Takes a compact JWS (RFC 7515 section 7.1) apart, strictly: three non-empty canonical base64url parts, the first two
 * UTF-8 JSON objects without repeated names. Checks no signature and believes nothing. Null for anything else.
 */
export function parseToken(token: string): ParsedToken | null {
  if (token.length > MOST_TOKEN_BYTES) return null
  const parts = token.split('.')
  const [head, body, signature] = parts
  if (parts.length !== 3 || head === undefined || body === undefined || !signature) return null
  if (decodeBase64url(signature) === null) return null
  const header = parseHeader(head)
  const payload = parseJsonPart(body)
  return header === null || payload === null ? null : { header, payload }
}

/** The newest that was an object: all tokens that one key has signed begin alike. */
let newest: { readonly text: string; readonly header: ParsedToken['header'] } | null = null

function parseHeader(text: string): ParsedToken['header'] | null {
  if (newest?.text === text) return newest.header
  const header = parseJsonPart(text)
  if (header !== null) newest = { text, header: Object.freeze(header) }
  return header
}

function parseJsonPart(part: string): Readonly<Record<string, unknown>> | null {
  const bytes = decodeBase64url(part)
  const text = bytes === null ? null : decodeUtf8(bytes)
  if (text === null) return null
  try {
    const value = parseStrictJson(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** NumericDate narrowed to whole numbers that a double holds exactly; `1e400` and `"1"` are none. */
const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
/** Text that every part of the system, PostgreSQL included, takes for the same text. */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.isWellFormed() && !value.includes('\0')
const areNames = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isName)
const isAudience = (value: unknown): value is string | readonly string[] =>
  isName(value) || (areNames(value) && value.length > 0)

/** The claims that any token has which is accepted here, whoever made it. */
export type CommonClaims = Pick<AccessClaims, 'iss' | 'aud' | 'sub' | 'iat' | 'exp' | 'nbf'>

/** Whether the payload has those, each of its type. Nothing is said of their values. */
export function hasCommonClaims(payload: object): payload is CommonClaims {
  const claims: { readonly [claim in keyof CommonClaims]?: unknown } = payload
  return (
    isName(claims.iss) &&
    isAudience(claims.aud) &&
    isName(claims.sub) &&
    isTime(claims.iat) &&
    isTime(claims.exp) &&
    (claims.nbf === undefined || isTime(claims.nbf))
  )
}

/** Whether the payload has every claim of an access token of this service, each of its type. Nothing is said of their values. */
export function hasAccessClaims(payload: object): payload is AccessClaims {
  const claims: { readonly [claim in keyof AccessClaims]?: unknown } = payload
  const forAll =
    hasCommonClaims(payload) &&
    isName(claims.jti) &&
    isName(claims.client_id) &&
    isTime(claims.ver) &&
    (claims.scope === undefined || isName(claims.scope))
  if (!forAll) return false
  if (claims.sid === undefined) return claims.roles === undefined && claims.email === undefined
  return isName(claims.sid) && areNames(claims.roles) && isName(claims.email)
}
