import type { TestApp } from './app.ts'
import type { Answer } from './reading.ts'

/** What a schema says of a value, as far as bad values are made of it. */
export interface Described {
  readonly type?: string
  readonly format?: string
  readonly const?: string
  readonly anyOf?: readonly Described[]
  readonly items?: Described
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
}

export interface BodySchema {
  readonly properties: Readonly<Record<string, Described>>
  readonly required?: readonly string[]
}

/** One operation of the document, so that a route is tested from the moment it is described. */
export interface Operation {
  /** As the access table has it: `PATCH /api/v1/users/:id`. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** The path, about the user whose id is given. */
  readonly url: (id: string) => string
  readonly query: Readonly<Record<string, Described>>
  readonly body: { readonly schema: BodySchema; readonly example: Readonly<Record<string, unknown>> } | null
  readonly bodyRequired: boolean
  /** Every refusal that it can give: `400 validation_failed`. */
  readonly refusals: ReadonlySet<string>
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>
}
interface OperationObject {
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema: Described }[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: { readonly 'application/json': NonNullable<Operation['body']> }
  }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly examples?: object }>> }>
  >
}

export const PROBLEM_TYPE = 'application/problem+json'

export async function operationsOf(app: TestApp): Promise<readonly Operation[]> {
  const { paths } = (await app.send('GET', '/openapi.json')).json<Document>()
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { parameters = [], requestBody, responses }]) => ({
      name: `${method.toUpperCase()} ${path.replace(/{(\w+)}/g, ':$1')}`,
      method: method.toUpperCase() as Operation['method'],
      url: (id: string) => path.replace(/{\w+}/g, () => id),
      query: Object.fromEntries(parameters.filter((one) => one.in === 'query').map((one) => [one.name, one.schema])),
      body: requestBody?.content['application/json'] ?? null,
      bodyRequired: requestBody?.required === true,
      refusals: new Set(
        Object.entries(responses).flatMap(([status, { content }]) => [
          ...Object.keys(content?.[PROBLEM_TYPE]?.examples ?? {}).map((code) => `${status} ${code}`),
          ...oauthErrorsOf(content?.['application/json']?.examples).map((error) => `${status} ${error}`)
        ])
      )
    }))
  )
}

/** The `error` of each example of an answer as RFC 6749 section 5.2 has it. */
const oauthErrorsOf = (examples: object = {}): string[] =>
  Object.values(examples as Readonly<Record<string, { readonly value: object }>>).flatMap(({ value }) =>
    'error' in value ? [String(value.error)] : []
  )

interface ProblemBody {
  readonly status: number
  readonly code: string
  readonly request_id: string
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[]
}

/**
 * What an answer refuses with, `400 validation_failed /email /roles/0`, and the status alone of one that does not refuse.
 * What is no problem as the contract has it, or not in the document for this operation, is said instead.
 */
export function verdict(answer: Answer, { name, refusals }: Pick<Operation, 'name' | 'refusals'>): string {
  const { statusCode, headers } = answer
  if (statusCode < 400) return String(statusCode)
  if (name.includes(' /oauth2/')) return oauthVerdict(answer, refusals)
  if (headers['content-type'] !== PROBLEM_TYPE) return `${statusCode} as ${String(headers['content-type'])}`
  const { status, code, request_id: requestId, errors = [], ...rest } = answer.json<ProblemBody>()
  if (Object.keys(rest).sort().join() !== 'detail,title,type') return `${statusCode} with ${Object.keys(rest).join()}`
  if (status !== statusCode || requestId !== headers['x-request-id']) return `${statusCode} that says ${status}`
  if (!refusals.has(`${status} ${code}`)) return `${status} ${code}, which is not in the document`
  return [status, code, ...errors.map(({ pointer }) => pointer)].join(' ')
}

/** As `verdict`, in the form of RFC 6749 section 5.2. */
function oauthVerdict(answer: Answer, refusals: ReadonlySet<string>): string {
  const { statusCode, headers } = answer
  if (headers['content-type'] !== 'application/json') return `${statusCode} as ${String(headers['content-type'])}`
  const { error, error_description: description, ...rest } = answer.json<Readonly<Record<string, unknown>>>()
  if (typeof description !== 'string' || Object.keys(rest).length > 0) return `${statusCode} of another form`
  if (!refusals.has(`${statusCode} ${String(error)}`)) return `${statusCode} ${String(error)}, not in the document`
  return `${statusCode} ${String(error)}`
}

/** Sends bodies to operations, by their names, and says what comes of it. */
export async function bodySender(app: TestApp, token: string) {
  const operations = new Map((await operationsOf(app)).map((operation) => [operation.name, operation]))
  return async (name: string, body: Readonly<Record<string, unknown>>): Promise<string> => {
    const operation = operations.get(name)
    if (operation === undefined) throw new Error(`There is no ${name}.`)
    return verdict(await app.send(operation.method, operation.url(''), { token, body }), operation)
  }
}

/** The beginning of a text, in ASCII: for the names of assertions, which a line separator would cut in two. */
export const shown = (text: string): string =>
  JSON.stringify(text.slice(0, 40)).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
