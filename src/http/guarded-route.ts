import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction, RouteOptions } from 'fastify'
import { type Access, type Authenticate, enforce, floorOf } from './access.ts'
import { type Documentation, documented } from './access-document.ts'
import { GIVES, type Policy, combine } from './access-policy.ts'
import type { Guard } from './guard-types.ts'
import { isGuard } from './guards.ts'

export interface RouteRules extends Documentation {
  /** Guards of routes that cannot declare one, by method and path: `OPTIONS *`. */
  readonly guards: Readonly<Record<string, Guard>>
}

/**
 * What happens to a route as it is declared: its guards leave `preHandler` and become one decision, the first thing that
 * runs at the route's onRequest, so that 401 and 403 come before a byte of the body is read; its schema says so; and it is
 * noted. `route` is Fastify's own copy of the options, but shallow: what it holds may be shared, and is replaced.
 *
 * Never throws, since that can become an uncaught exception in an onRoute hook: what is wrong is found by `reviewAccess`.
 */
export function guardRoute(access: Access, scope: FastifyInstance, route: RouteOptions, rules: RouteRules): void {
  const methods = [route.method].flat()
  const hooks = listOf(route.preHandler)
  const declared = [...floorOf(access, scope), ...hooks.filter(isGuard)]
  const guards = declared.length > 0 ? declared : named(access, methods, route.url, rules.guards)
  const [first, ...others] = guards.map((guard) => guard.policy)
  const policy = first === undefined ? null : combine([first, ...others])
  access.routes.push({ scope, methods, url: route.url, guards, policy })
  if (policy === null) return
  route.preHandler = hooks.filter((hook) => !isGuard(hook))
  route.onRequest = [decisionOf(policy, access.authenticate), ...listOf(route.onRequest)]
  route.schema = documented(route.schema, policy, rules)
}

/** The name by which the decision is found again among a route's hooks. */
export const DECISION = 'guardDecision'

function decisionOf(policy: Policy, authenticate: Authenticate) {
  const decided = { ...policy, gives: policy.gives | GIVES.decision }
  return function guardDecision(
    request: FastifyRequest,
    _reply: FastifyReply,
    done: HookHandlerDoneFunction
  ): void | Promise<void> {
    return enforce(decided, authenticate, request, done)
  }
}

/** All methods of the route must have been given a guard: half a route cannot be open. */
function named(
  access: Access,
  methods: readonly string[],
  url: string,
  guards: RouteRules['guards']
): readonly Guard[] {
  const names = methods.map((method) => `${method} ${url}`)
  const given = names.flatMap((name) => guards[name] ?? [])
  if (given.length < names.length) return []
  for (const name of names) access.byName.add(name)
  return given
}

function listOf<Hook extends (...args: never[]) => unknown>(hooks: Hook | Hook[] | undefined): Hook[] {
  if (hooks === undefined) return []
  return Array.isArray(hooks) ? hooks : [hooks]
}
