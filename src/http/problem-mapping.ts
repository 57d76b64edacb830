import { Problem, type ProblemCode } from '../domain/problems.ts'

/** Errors of Fastify and of its plugins that stand for something that the client did. */
const BY_CODE: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_VALIDATION: 'validation_failed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_json',
  FST_ERR_HANDLER_TIMEOUT: 'overloaded'
}

const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  401: 'invalid_token',
  403: 'forbidden',
  404: 'not_found',
  408: 'request_timeout',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  429: 'rate_limited',
  431: 'headers_too_large'
}

/**
 * The problem that whatever was thrown is answered with. Of an error that is not a Problem nothing but the kind is used: its
 * text was not written for the client. What blames the client (`statusCode` 4xx) is believed, because hostile input must
 * never be a 5xx and only Fastify and its plugins throw such errors; the rest is a fault of ours.
 */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown
  const { code, statusCode } = marksOf(thrown)
  const known = BY_CODE[code]
  if (known !== undefined) return new Problem(known)
  if (statusCode >= 400 && statusCode < 500) return new Problem(BY_STATUS[statusCode] ?? 'bad_request')
  return new Problem('internal_error', { cause: thrown })
}

function marksOf(thrown: unknown): { readonly code: string; readonly statusCode: number } {
  if (typeof thrown !== 'object' || thrown === null) return { code: '', statusCode: 0 }
  return {
    code: 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '',
    statusCode: 'statusCode' in thrown && typeof thrown.statusCode === 'number' ? thrown.statusCode : 0
  }
}
