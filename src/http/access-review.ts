import type { FastifyInstance } from 'fastify'
import type { Access } from './access.ts'
import { namesOf } from './access-table.ts'
import { DECISION } from './guarded-route.ts'
import { type ServedRoute, servedRoutes } from './served-routes.ts'

/** Routes that no guard stands before, by name. With one the server does not start. */
export class UnguardedRoutes extends Error {
  override readonly name = 'UnguardedRoutes'
  readonly code = 'LATCHKEY_UNGUARDED_ROUTES'
  /** `GET /users/:id` and so on. */
  readonly routes: readonly string[]

  constructor(what: string, routes: readonly string[]) {
    super(`${what} ${routes.join(', ')}`)
    this.routes = routes
  }
}

/** Throws UnguardedRoutes when the app has routes: they were declared before anything could look at their guards. */
export function refuseEarlyRoutes(app: FastifyInstance): void {
  const early = servedRoutes(app).flatMap(namesOfServed)
  if (early.length > 0) {
    throw new UnguardedRoutes("The plugin 'auth' comes before all routes (await its registration), not after:", early)
  }
}

/**
 * Deny by default (ASVS v5.0.0-8.2.1): throws UnguardedRoutes, which names every route without a guard. Asked are both the
 * routes that were seen as they were declared and the router itself, which also has those that were not seen. Throws for
 * guards that nobody can pass, and for names in `named` that no unguarded route answers to, too.
 */
export function reviewAccess(app: FastifyInstance, access: Access, named: readonly string[]): void {
  const open = new Set(namesOf(access.routes.filter((route) => route.policy === null)))
  const served = servedRoutes(app)
  if (served.length === 0 && access.routes.length > 0) {
    // Every request is held to a decision all the same; it only cannot be said at the start which would be refused.
    app.log.warn('The routes of this version of Fastify cannot be listed: one that was not seen would answer 500.')
  }
  for (const route of served) {
    if (!route.hooks.includes(`${DECISION}()`)) for (const name of namesOfServed(route)) open.add(name)
  }
  if (open.size > 0) {
    throw new UnguardedRoutes('Routes without a guard in preHandler, nor by guardScope():', [...open].sort())
  }
  const shut = access.routes.filter(({ policy }) => policy !== null && !policy.users && !policy.services)
  if (shut.length > 0) throw new Error(`The guards of these routes let nobody in: ${namesOf(shut).join(', ')}`)
  const unused = named.filter((name) => !access.byName.has(name))
  if (unused.length > 0)
    throw new Error(`Guards are named for routes that are not there, or have one: ${unused.join(', ')}`)
}

/** HEAD is left out beside GET: Fastify adds it. */
function namesOfServed({ methods, url }: ServedRoute): string[] {
  return methods.filter((method) => method !== 'HEAD' || !methods.includes('GET')).map((method) => `${method} ${url}`)
}
