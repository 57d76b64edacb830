import { PROBLEMS, type Problem, type ProblemCode } from '../domain/problems.ts'

export const PROBLEM_TYPE = 'application/problem+json'

const CODES = Object.keys(PROBLEMS) as ProblemCode[]

/** RFC 6750 section 3: without `error` where no access token was presented. */
const CHALLENGE = 'Bearer realm="latchkey"'
const INVALID_TOKEN: readonly ProblemCode[] = ['invalid_token', 'token_expired', 'token_revoked', 'token_stale']

/** What may stand in a quoted `scope` (RFC 6750 section 3); names of permissions are all of it. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/

/**
 * `type` is a reference with a full path, the same in every deployment, and not `about:blank`, which would say no more than
 * the status does and ask for its phrase as the title (RFC 9457 sections 3.1.1 and 4.2.1). Nobody has to fetch it: clients
 * compare it, or `code`, which is its fragment.
 */
export const problemType = (code: ProblemCode): string => `/problems#${code}`

interface Invariable {
  /** The JSON text up to the value of `detail`. */
  readonly opening: string
  /** `detail` where the problem brings none of its own. */
  readonly detail: string
  readonly headers: Readonly<Record<string, string>>
}

/** What does not vary between two problems of one code is written once. */
const INVARIABLE = new Map<ProblemCode, Invariable>(CODES.map((code) => [code, invariable(code)]))

/** The JSON text of the answer (RFC 9457 section 3). `requestId` is of characters that JSON need not escape. */
export function problemText(problem: Problem, requestId: string): string {
  const { opening, detail } = INVARIABLE.get(problem.code) ?? invariable(problem.code)
  const { detail: own, errors } = problem.details
  const rest = errors === undefined ? '' : `,"errors":${JSON.stringify(errors)}`
  return `${opening}${own === undefined ? detail : JSON.stringify(own)},"request_id":"${requestId}"${rest}}`
}

/**
 * The header fields that belong to the answer, lower-case. An error is never kept by a cache, whatever the route allows for
 * its answers.
 */
export function problemHeaders(problem: Problem): Readonly<Record<string, string>> {
  const { headers } = INVARIABLE.get(problem.code) ?? invariable(problem.code)
  const { allow, retryAfterSeconds, scope } = problem.details
  if (allow === undefined && retryAfterSeconds === undefined && scope === undefined) return headers
  return {
    ...headers,
    ...(allow !== undefined && { allow: allow.join(', ') }),
    // A whole number of seconds (RFC 9110 section 10.2.3), and never the past.
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) }),
    ...(scope !== undefined &&
      SCOPE.test(scope) && { 'www-authenticate': `${CHALLENGE}, error="insufficient_scope", scope="${scope}"` })
  }
}

function invariable(code: ProblemCode): Invariable {
  const [status, title] = PROBLEMS[code]
  const opening = JSON.stringify({ type: problemType(code), title, status, code }).replace(/\}$/, ',"detail":')
  return { opening, detail: JSON.stringify(title), headers: invariableHeaders(code, status, title) }
}

function invariableHeaders(code: ProblemCode, status: number, title: string): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store' }
  if (status === 401) headers['www-authenticate'] = CHALLENGE
  if (INVALID_TOKEN.includes(code)) {
    headers['www-authenticate'] = `${CHALLENGE}, error="invalid_token", error_description="${title}"`
  }
  // For a client that would otherwise try again at once; who throws the problem usually knows better.
  if (status === 429 || status === 503) headers['retry-after'] = '1'
  return headers
}
