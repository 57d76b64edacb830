import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../src/domain/problems.ts'

/**
 * 404 for a path that no route has, 405 with the methods that it has for another method (RFC 9110 section 15.5.6): before
 * the body is read and before anybody is asked who they are, since which paths there are is no secret. Also for OPTIONS,
 * which is not offered but to browsers that ask for CORS: comes after the plugin `cors`, which answers those.
 */
export default fp(
  async (app) => {
    app.addHook('onRequest', (request, _reply, done) => {
      if (request.is404 || isCatchAll(request)) throw refusal(app, request)
      done()
    })
  },
  { name: 'methods', fastify: '5.x', dependencies: ['problems'] }
)

/** The route that @fastify/cors declares, so that its hook gets to see preflight requests. */
const isCatchAll = (request: FastifyRequest): boolean =>
  request.method === 'OPTIONS' && request.routeOptions.url === '*'

function refusal(app: FastifyInstance, { raw }: FastifyRequest): Problem {
  const { url = '' } = raw
  // `OPTIONS *` is about the server as a whole (RFC 9110 section 9.3.7), and the router would look for the path ''.
  if (url === '*') return new Problem('not_found')
  const allow = app.supportedMethods.filter((method) => method !== 'OPTIONS' && has(app, method, url)).sort()
  return allow.length === 0 ? new Problem('not_found') : new Problem('method_not_allowed', { allow })
}

/** Asks Fastify's own router, so that what is a match cannot differ. It takes a path as sent, not only a pattern. */
const has = (app: FastifyInstance, method: string, url: string): boolean => Boolean(app.findRoute({ method, url }))
