import { Type } from '@sinclair/typebox'
import { PROBLEMS, type ProblemCode } from '../domain/problems.ts'
import { PROBLEM_TYPE, problemType } from './problem-json.ts'

const MemberError = Type.Object({
  pointer: Type.String({
    description: 'JSON Pointer (RFC 6901) to the member, or `/` and the name of the query parameter.'
  }),
  message: Type.String({ description: 'What is wrong with it.' })
})

const example = (code: ProblemCode, more: object = {}) => ({
  type: problemType(code),
  title: PROBLEMS[code][1],
  status: PROBLEMS[code][0],
  code,
  detail: PROBLEMS[code][1],
  request_id: '0f8fad5b-d9cb-469f-a165-70867728950e',
  ...more
})

/** The one shape of errors (RFC 9457), shared under its `$id`; the plugin `problems` adds it to the app. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({
      format: 'uri-reference',
      description: 'Names the kind of problem; there is nothing to fetch.'
    }),
    title: Type.String({ description: 'What kind of problem it is; always the same for one `code`.' }),
    status: Type.Integer({ description: 'The status of the answer.' }),
    code: Type.String({ enum: Object.keys(PROBLEMS), description: 'Stable; what a client decides by.' }),
    detail: Type.String({ description: 'What is wrong this time, for a person.' }),
    request_id: Type.String({ description: 'The `X-Request-Id` of the answer.' }),
    errors: Type.Optional(
      Type.Array(MemberError, { description: 'Which members of the body, or of the query, are refused; at most 20.' })
    )
  },
  {
    $id: 'Problem',
    description: 'Why the request was refused.',
    examples: [example('validation_failed', { errors: [{ pointer: '/email', message: 'is required' }] })]
  }
)

/** `never`, because a handler does not return a problem: it throws one. */
const ProblemRef = Type.Unsafe<never>({ $ref: 'Problem#' })

/**
 * The entry of a route's `response` for the problems with these codes, which all have one status: `{ 401:
 * problemResponse('invalid_token', 'token_expired') }`. Says which codes there are, and gives an example of each.
 */
export function problemResponse(...codes: readonly ProblemCode[]) {
  const examples = Object.fromEntries(codes.map((code) => [code, { value: example(code) }]))
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}`).join(' '),
    content: { [PROBLEM_TYPE]: { schema: ProblemRef, examples } }
  }
}

/** One entry with the codes of two; the first as it stands where either is of another kind. */
export function withCodesOf(first: unknown, second: unknown): unknown {
  const codes = [codesOf(first), codesOf(second)]
  return codes.some((some) => some.length === 0) ? first : problemResponse(...new Set(codes.flat()))
}

function codesOf(response: unknown): readonly ProblemCode[] {
  const examples = at(at(at(response, 'content'), PROBLEM_TYPE), 'examples')
  return typeof examples === 'object' && examples !== null ? Object.keys(examples).filter(isCode) : []
}

const at = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined

const isCode = (name: string): name is ProblemCode => Object.hasOwn(PROBLEMS, name)
