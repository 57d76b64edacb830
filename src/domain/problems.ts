/**
 * Every way in which the service refuses or fails, as one closed table: code → status and title.
 * The code is the stable name that clients branch on; the title never varies (RFC 9457 section 3.1.3).
 */
export const PROBLEMS = {
  validation_failed: [400, 'The request is not as described.'],
  malformed_json: [400, 'The body is not valid JSON.'],
  bad_request: [400, 'The request is malformed.'],
  unauthenticated: [401, 'Authentication is required.'],
  invalid_token: [401, 'The access token is not valid.'],
  token_expired: [401, 'The access token has expired.'],
  token_revoked: [401, 'The access token has been revoked.'],
  token_stale: [401, 'The access token no longer says what its subject may do.'],
  invalid_credentials: [401, 'The e-mail address or the password is wrong.'],
  invalid_refresh_token: [401, 'The refresh token is not valid.'],
  invalid_reset_token: [401, 'The reset token is not valid.'],
  forbidden: [403, 'The caller may not do this.'],
  csrf_failed: [403, 'The request does not prove that it comes from this site.'],
  account_disabled: [403, 'The account is disabled.'],
  registration_closed: [403, 'Registration is closed.'],
  not_found: [404, 'There is nothing here.'],
  method_not_allowed: [405, 'The method is not allowed here.'],
  request_timeout: [408, 'The request took too long to arrive.'],
  email_taken: [409, 'The e-mail address is taken.'],
  last_admin: [409, 'This is the last administrator.'],
  too_many_secrets: [409, 'Two secrets are valid already.'],
  payload_too_large: [413, 'The body is too large.'],
  unsupported_media_type: [415, 'The media type is not supported.'],
  weak_password: [422, 'The password is too weak.'],
  rate_limited: [429, 'Too many attempts.'],
  headers_too_large: [431, 'The header fields are too large.'],
  internal_error: [500, 'Something went wrong.'],
  overloaded: [503, 'The service is busy.'],
  revocation_unavailable: [503, 'It cannot be confirmed what has been revoked.'],
  unavailable: [503, 'The service cannot do this now.']
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ProblemCode = keyof typeof PROBLEMS

/** One refused member: a JSON Pointer (RFC 6901) into the body, or `/name` for a query parameter, and what is wrong with it. */
export interface MemberError {
  readonly pointer: string
  readonly message: string
}

/** Codes of RFC 6749 section 5.2 and RFC 8707 section 2 that say more than a status does. */
export type OAuthErrorCode = 'invalid_client' | 'unsupported_grant_type' | 'invalid_scope' | 'invalid_target'

export interface ProblemDetails {
  /** What is wrong this time, for a person. Never holds a credential or anything that was sent. */
  readonly detail?: string | undefined
  readonly errors?: readonly MemberError[]
  /** Whole seconds for `Retry-After` (RFC 9110 section 10.2.3). */
  readonly retryAfterSeconds?: number
  /** The permissions that would have sufficed, space-delimited: `insufficient_scope` (RFC 6750 section 3.1). */
  readonly scope?: string
  /** What the problem is called where errors have the form of RFC 6749, if it has a name of its own there. */
  readonly oauth?: OAuthErrorCode
  /** For 405: the methods that are allowed. */
  readonly allow?: readonly string[]
  /** For the log only. */
  readonly cause?: unknown
}

/** Thrown to refuse; the error handler turns it into an `application/problem+json` answer. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly status: number
  readonly details: ProblemDetails

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? PROBLEMS[code][1], details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.status = PROBLEMS[code][0]
    this.details = details
  }
}
