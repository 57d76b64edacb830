import fp from 'fastify-plugin'
import { Problem } from '../src/domain/problems.ts'
import { ACCESS, type Access, type Authenticate, GIVEN } from '../src/http/access.ts'
import type { Documentation } from '../src/http/access-document.ts'
import { GIVES } from '../src/http/access-policy.ts'
import { refuseEarlyRoutes, reviewAccess } from '../src/http/access-review.ts'
import { type AccessRow, tableOf } from '../src/http/access-table.ts'
import type { Guard } from '../src/http/guard-types.ts'
import { guardRoute } from '../src/http/guarded-route.ts'
import { decorateWithCaller, routeOf } from '../src/http/request-caller.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Who may call what, sorted by path; complete once the app is ready. */
    readonly accessTable: readonly AccessRow[]
  }
}

export interface AuthOptions extends Documentation {
  readonly authenticate: Authenticate
  /**
   * Guards for routes that another plugin brings on the whole app, where no scope of its own can have a floor, by method
   * and path: `{ 'OPTIONS *': anyone }` for @fastify/cors. Each must name a route that would have none without it.
   */
  readonly guards?: Readonly<Record<string, Guard>>
}

/**
 * Makes the guards work, and refuses every route that has none, in whatever order things are registered (deny by default,
 * ASVS v5.0.0-8.2.1). Four nets, since each has a hole that another closes:
 * - the plugin does not register on an app that has routes already, because nothing saw their guards;
 * - the app does not become ready with a route that declares no guard;
 * - nor with one from whose hooks, as the router has them, the decision is missing: it was declared on an instance made
 *   before this plugin was registered, or another plugin dropped it;
 * - no request goes on to its body and its handler unless a decision was made about it.
 */
export default fp<AuthOptions>(
  async (app, { authenticate, guards = {}, ...documentation }) => {
    refuseEarlyRoutes(app)
    const access: Access = { authenticate, home: app, routes: [], floors: new Map(), byName: new Set() }
    app.decorate(ACCESS, access)
    app.decorate('accessTable', { getter: () => tableOf(access.routes) })
    decorateWithCaller(app)
    app.addHook('onRoute', function (route) {
      guardRoute(access, this, route, { ...documentation, guards })
    })
    app.addHook('onReady', async () => {
      reviewAccess(app, access, Object.keys(guards))
    })
    // The decision itself is the first thing at each route's own onRequest, after all that is app-wide: so that 401 and 403
    // carry the headers of CORS and the like. This comes next, and before the body.
    app.addHook('preParsing', (request, _reply, payload, done) => {
      if ((request[GIVEN] & GIVES.decision) === 0 && !request.is404) {
        request.log.error(`No guard has decided about ${routeOf(request)}: the request is refused.`)
        throw new Problem('internal_error')
      }
      done(null, payload)
    })
  },
  { name: 'auth', fastify: '5.x' }
)
