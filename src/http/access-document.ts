import type { FastifySchema } from 'fastify'
import { withCodesOf } from './problem-schema.ts'
import type { Policy } from './access-policy.ts'

/** What the document says of the answers that guards give, by status. */
export interface GuardResponses {
  readonly 401: object
  readonly 403: object
  readonly 503: object
}

/** How the document speaks of guards. */
export interface Documentation {
  /** What it says of their answers; put into a route's `response` by status. */
  readonly responses: GuardResponses
  /** The security scheme (OpenAPI 3.1 section 4.8.27) by which services get their tokens, where the document has one. */
  readonly serviceScheme?: string
}

/**
 * A route's schema with what its guards add to the OpenAPI operation: `security` (OpenAPI 3.1 section 4.8.10), the roles and
 * permissions, and their answers unless the route describes that status itself. A new object: the caller's may be shared.
 */
export function documented(
  schema: FastifySchema = {},
  policy: Policy,
  { responses, serviceScheme }: Documentation
): FastifySchema {
  // A route that looks at credentials by itself, such as the token endpoint, may say so; `anyone` does not contradict it.
  if (!policy.verifies) return { security: [], ...schema }
  const { roles, permissions } = policy
  const security = [
    ...(policy.required ? [] : [{}]),
    { bearer: [] },
    // A service has no roles: only where none is asked for can it come in.
    ...(serviceScheme !== undefined && policy.services && roles.length === 0 ? [{ [serviceScheme]: permissions }] : [])
  ]
  const own: Record<string, unknown> = { ...(typeof schema.response === 'object' ? schema.response : {}) }
  return {
    ...schema,
    security,
    // One of the list; where several guards each want a role, one of each list.
    ...(roles.length > 0 && { 'x-required-roles': roles.length === 1 ? roles[0] : roles }),
    ...(permissions.length > 0 && { 'x-required-permissions': permissions }),
    response: { ...responses, ...own, ...shared(own, responses) }
  }
}

/** A status that both the route and its guards answer is described with the codes of both. */
const shared = (own: Readonly<Record<string, unknown>>, responses: GuardResponses) =>
  Object.fromEntries(
    Object.entries(responses).flatMap(([status, ofGuards]) => {
      const ofRoute = own[status]
      return ofRoute === undefined ? [] : [[status, withCodesOf(ofRoute, ofGuards)]]
    })
  )
