import { createConfig, lintFromString } from '@redocly/openapi-core'
import { operationsOf } from '../../src/http/openapi.ts'

/** What somebody who reads the document would miss in it, one line each; empty when nothing. */
export function missingInDocument(document: object): string[] {
  const operations = operationsOf(document)
  const ids = operations.map(({ operation }) => operation['operationId'])
  return operations.flatMap(({ method, path, operation }) => {
    const found: string[] = []
    const want = (there: boolean, what: string) => there || found.push(`${method.toUpperCase()} ${path}: ${what}`)

    const { operationId, tags, summary, security, requestBody } = operation
    want(isText(operationId), 'no operationId')
    want(ids.filter((id) => id === operationId).length === 1, `operationId ${String(operationId)} is not its own`)
    want(isText(summary), 'no summary')
    want(Array.isArray(tags) && tags.length === 1, 'not one tag')
    for (const tag of Array.isArray(tags) ? tags : [])
      want(declaredTags(document).includes(tag), `tag ${tag} unexplained`)
    want(Array.isArray(security), 'no security')
    want(mediaOf(requestBody).every(hasExample), 'no example of the body')

    const responses = Object.entries(recordOf(operation['responses']))
    want(
      responses.some(([status]) => status.startsWith('2')),
      'no 2xx'
    )
    for (const [status, one] of responses) {
      const response = resolved(document, one)
      want(isText(response['description']) && response['description'] !== 'Default Response', `${status} not described`)
      if (status.startsWith('2')) want(mediaOf(response).every(hasExample), `no example of ${status}`)
      if (Number(status) >= 400) want(isError(path, response), `${status} is not application/problem+json`)
    }
    const statuses = responses.map(([status]) => status)
    const guarded = Array.isArray(security) && security.some((one) => Object.hasOwn(recordOf(one), 'bearer'))
    for (const status of guarded ? ['401', '403'] : []) want(statuses.includes(status), `guarded, and no ${status}`)
    return found
  })
}

/** What a validator that knows the standard finds: OpenAPI 3.1, JSON Schema, references, and examples against schemas. */
export async function invalidInDocument(document: object): Promise<string[]> {
  const config = await createConfig({
    extends: ['spec'],
    rules: {
      'no-invalid-media-type-examples': 'error',
      'no-invalid-schema-examples': 'error',
      'no-invalid-parameter-examples': 'error',
      'no-unused-components': 'error',
      'no-ambiguous-paths': 'off'
    }
  })
  const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: '/openapi.json', config })
  return problems.map(({ ruleId, message, location }) => `${location[0]?.pointer ?? ''} ${ruleId}: ${message}`)
}

type Json = Record<string, unknown>

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''
const recordOf = (value: unknown): Json => (typeof value === 'object' && value !== null ? { ...value } : {})
const mediaOf = (carrier: unknown): Json[] => Object.values(recordOf(recordOf(carrier)['content'])).map(recordOf)
const hasExample = (media: Json) => 'example' in media || Object.keys(recordOf(media['examples'])).length > 0

/** A problem, or in /oauth2 an error of RFC 6749. */
function isError(path: string, response: Json): boolean {
  const types = Object.keys(recordOf(response['content'])).join()
  return types === 'application/problem+json' || (path.startsWith('/oauth2/') && types === 'application/json')
}

function declaredTags(document: object): unknown[] {
  const { tags } = recordOf(document)
  return Array.isArray(tags)
    ? tags.filter((tag) => isText(recordOf(tag)['description'])).map((tag) => recordOf(tag)['name'])
    : []
}

function resolved(document: object, value: unknown): Json {
  const { $ref } = recordOf(value)
  if (!isText($ref)) return recordOf(value)
  return $ref
    .split('/')
    .slice(1)
    .reduce((at, name) => recordOf(at[name]), recordOf(document))
}
