import { type Static, Type } from '@sinclair/typebox'
import type { FastifyReply } from 'fastify'
import { type OAuthErrorCode, PROBLEMS, Problem, type ProblemCode } from '../domain/problems.ts'
import { problemHeaders } from './problem-json.ts'
import { eachStatus, refusals } from './refusals.ts'

/** Of RFC 6749 sections 4.1.2.1 and 5.2 and of RFC 6750 section 3.1. */
type OAuthCode =
  | OAuthErrorCode
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'temporarily_unavailable'
  | 'server_error'

const BY_STATUS: Readonly<Record<number, OAuthCode>> = {
  401: 'invalid_token',
  403: 'insufficient_scope',
  429: 'temporarily_unavailable',
  500: 'server_error',
  503: 'temporarily_unavailable'
}
const codeOf = (status: number): OAuthCode => BY_STATUS[status] ?? 'invalid_request'

const OAuthError = Type.Object({
  error: Type.String({ description: 'Stable; what a client decides by.' }),
  error_description: Type.String({ description: 'What is wrong, for a person.' })
})

/** As `sendProblem`, in the form of RFC 6749 section 5.2. */
export function sendOAuthError(reply: FastifyReply, problem: Problem): FastifyReply {
  const { oauth = codeOf(problem.status), errors = [] } = problem.details
  // The form has no place for a list of members.
  const wrong = errors.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`).join('; ')
  const body: Static<typeof OAuthError> = {
    error: oauth,
    error_description: describable(wrong === '' ? problem.message : `${wrong}.`)
  }
  return reply
    .code(problem.status)
    .headers({
      ...problemHeaders(problem),
      'content-type': 'application/json',
      ...(oauth === 'invalid_client' && { 'www-authenticate': CLIENT_CHALLENGE })
    })
    .send(Buffer.from(JSON.stringify(body)))
}

/** RFC 6749 section 5.2: the scheme by which clients authenticate. RFC 7617 section 2.1: in UTF-8. */
const CLIENT_CHALLENGE = 'Basic realm="latchkey", charset="UTF-8"'

/** RFC 6749 section 5.2. One answer for a client that is unknown, disabled or has proved nothing: who exists is not told. */
export const invalidClient = (detail = 'The client is not known, or has not proved who it is.'): Problem =>
  new Problem('unauthenticated', { detail, oauth: 'invalid_client' })

/** A refusal with a code of its own, which is always 400 (RFC 6749 section 5.2). */
export const oauthRefusal = (oauth: Exclude<OAuthErrorCode, 'invalid_client'>, detail: string): Problem =>
  new Problem('bad_request', { detail, oauth })

/** Only what RFC 6749 section 5.2 lets a description have. */
const describable = (text: string) => text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?')

/** As `refusals`, for routes of a scope that answers with `sendOAuthError`. What is answered before a route keeps its form. */
export const oauthRefusals = (...codes: readonly (ProblemCode | OAuthErrorCode)[]) => ({
  ...refusals(),
  ...eachStatus(['bad_request', 'internal_error', ...codes], statusOf, described)
})

/** The same for operations that a form is sent to by a client that has to say who it is. */
export const oauthRefusalsToClients = (...codes: readonly (ProblemCode | OAuthErrorCode)[]) =>
  oauthRefusals(
    'validation_failed',
    'payload_too_large',
    'unsupported_media_type',
    'invalid_client',
    'rate_limited',
    'unavailable',
    ...codes
  )

const OAUTH_TITLES: Readonly<Record<OAuthErrorCode, string>> = {
  invalid_client: 'The client is not known, or has not proved who it is.',
  unsupported_grant_type: 'The grant type is not offered.',
  invalid_scope: 'The client does not hold a permission that it asks for.',
  invalid_target: 'The client may not ask for tokens for this resource.'
}
const isOAuth = (code: ProblemCode | OAuthErrorCode): code is OAuthErrorCode => Object.hasOwn(OAUTH_TITLES, code)

function statusOf(code: ProblemCode | OAuthErrorCode): number {
  if (!isOAuth(code)) return PROBLEMS[code][0]
  return code === 'invalid_client' ? 401 : 400
}

const described = (sameStatus: readonly (ProblemCode | OAuthErrorCode)[], status: number) => {
  const titleOf = (code: ProblemCode | OAuthErrorCode) => (isOAuth(code) ? OAUTH_TITLES[code] : PROBLEMS[code][1])
  const example = (code: ProblemCode | OAuthErrorCode) => ({
    value: { error: isOAuth(code) ? code : codeOf(status), error_description: titleOf(code) }
  })
  return {
    description: sameStatus.map(titleOf).join(' '),
    content: {
      'application/json': {
        schema: Type.Unsafe<never>(OAuthError),
        examples: Object.fromEntries(sameStatus.map((code) => [code, example(code)]))
      }
    }
  }
}
