import { PROBLEMS, type ProblemCode } from '../domain/problems.ts'
import { problemResponse } from './problem-schema.ts'

/** What any operation can answer, whatever it is about. */
const ALWAYS = ['bad_request', 'request_timeout', 'headers_too_large', 'internal_error'] as const
/** What any operation can answer that a body can be sent to, also where it takes none: what was sent is then refused. */
const WITH_BODY = ['validation_failed', 'malformed_json', 'payload_too_large', 'unsupported_media_type'] as const

type Refusals = Record<number, ReturnType<typeof problemResponse>>

/** The refusals of an operation, for the `response` of its schema: one entry a status, with every code that it can carry. */
export const refusals = (...codes: readonly ProblemCode[]): Refusals =>
  eachStatus(
    [...ALWAYS, ...codes],
    (code) => PROBLEMS[code][0],
    (sameStatus) => problemResponse(...sameStatus)
  )

/** What `describe` makes of the codes of each status. */
export function eachStatus<Code extends string, T>(
  codes: readonly Code[],
  statusOf: (code: Code) => number,
  describe: (sameStatus: readonly Code[], status: number) => T
): Record<number, T> {
  const byStatus = new Map<number, Code[]>()
  for (const code of new Set(codes)) {
    const status = statusOf(code)
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries([...byStatus].map(([status, sameStatus]) => [status, describe(sameStatus, status)]))
}

/** The refusals of an operation that a body can be sent to: all but GET. */
export const refusalsWithBody = (...codes: readonly ProblemCode[]): Refusals => refusals(...WITH_BODY, ...codes)
