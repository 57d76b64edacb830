import type { FastifyInstance, FastifyRequest } from 'fastify'
import { CALLER, GIVEN } from './access.ts'
import { GIVES } from './access-policy.ts'

/** What a handler can read, and which guard gives it. */
const GIVEN_BY = {
  user: 'requireUser or requireRole(…)',
  maybeUser: 'maybeUser',
  service: 'requireService',
  caller: 'requirePermission(…)'
} as const

/**
 * `request.user`, `maybeUser`, `service` and `caller`. A handler whose route has not the guard cannot read them: it does
 * not compile, and where that was cast away, reading throws and names the guard. Nobody is never mistaken for somebody.
 */
export function decorateWithCaller(app: FastifyInstance): void {
  app.decorateRequest(CALLER, undefined)
  app.decorateRequest(GIVEN, 0)
  for (const name of ['user', 'maybeUser', 'service', 'caller'] as const) {
    app.decorateRequest(name, {
      getter(this: FastifyRequest) {
        if ((this[GIVEN] & GIVES[name]) !== 0) return this[CALLER]
        throw new Error(`request.${name} is not known on ${routeOf(this)}: only the guard ${GIVEN_BY[name]} gives it.`)
      }
    })
  }
}

/** By route, not by the path as sent, which may hold anything. */
export function routeOf(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url ?? '(no route)'}`
}
