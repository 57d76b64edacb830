import { PROBLEMS, type ProblemCode } from '../domain/problems.ts'
import { problemResponse } from './problem-schema.ts'

/** What any operation can answer, whatever it is about. */
const ALWAYS = ['bad_request', 'request_timeout', 'headers_too_large', 'internal_error'] as const
/** What any operation can answer that a body can be sent to, also where it takes none: what was sent is then refused. */
const WITH_BODY = ['validation_failed', 'malformed_json', 'payload_too_large', 'unsupported_media_type'] as const

type Refusals = Record<number, ReturnType<typeof problemResponse>>

/** The refusals of an operation, for the `response` of its schema: one entry a status, with every code that it can carry. */
export function refusals(...codes: readonly ProblemCode[]): Refusals {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of new Set([...ALWAYS, ...codes])) {
    const [status] = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, sameStatus]) => [status, problemResponse(...sameStatus)]))
}

/** The refusals of an operation that a body can be sent to: all but GET. */
export const refusalsWithBody = (...codes: readonly ProblemCode[]): Refusals => refusals(...WITH_BODY, ...codes)
