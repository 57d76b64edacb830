import { type Static, Type } from '@sinclair/typebox'
import type { FastifyReply } from 'fastify'
import { PROBLEMS, type Problem, type ProblemCode } from '../domain/problems.ts'
import { problemHeaders } from './problem-json.ts'
import { eachStatus, refusals } from './refusals.ts'

/** Of RFC 6749 sections 4.1.2.1 and 5.2 and of RFC 6750 section 3.1. */
type OAuthCode = 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'temporarily_unavailable' | 'server_error'

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
  const body: Static<typeof OAuthError> = {
    error: codeOf(problem.status),
    error_description: describable(problem.message)
  }
  return reply
    .code(problem.status)
    .headers({ ...problemHeaders(problem), 'content-type': 'application/json' })
    .send(Buffer.from(JSON.stringify(body)))
}

/** Only what RFC 6749 section 5.2 lets a description have. */
const describable = (text: string) => text.replace(/["\\]/g, "'").replace(/[^\x20-\x7e]/g, '?')

/** As `refusals`, for routes of a scope that answers with `sendOAuthError`. What is answered before a route keeps its form. */
export const oauthRefusals = (...codes: readonly ProblemCode[]) => ({
  ...refusals(),
  ...eachStatus(['bad_request', 'internal_error', ...codes], described)
})

const described = (sameStatus: readonly ProblemCode[], status: number) => ({
  description: sameStatus.map((code) => PROBLEMS[code][1]).join(' '),
  content: {
    'application/json': {
      schema: Type.Unsafe<never>(OAuthError),
      examples: Object.fromEntries(
        sameStatus.map((code) => [code, { value: { error: codeOf(status), error_description: PROBLEMS[code][1] } }])
      )
    }
  }
})
