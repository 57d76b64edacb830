import fastifyCors from '@fastify/cors'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

/** A browser may keep the answer to a preflight for this long; longer than two hours none does. */
const PREFLIGHT_SECONDS = 600

/**
 * Lets pages of other origins call the service (Fetch standard, section 3.3): exactly these, with their cookies. Without any,
 * nothing is registered. It brings the route `OPTIONS *`, for which the plugin `auth` is to be given the guard `anyone`.
 */
export default fp<{ readonly origins: readonly string[] }>(
  async (app, { origins }) => {
    if (origins.length === 0) return
    const options = {
      origin: [...origins],
      credentials: true,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: ['Authorization', 'Content-Type', 'X-Request-Id', 'X-CSRF-Token'],
      exposedHeaders: ['X-Request-Id', 'Retry-After', 'WWW-Authenticate', 'Location'],
      maxAge: PREFLIGHT_SECONDS
    }
    const allowed = new Set(origins)
    await app.register(fastifyCors, {
      delegator: (request, callback) => {
        // Only an origin of the list learns that there is a list, and only a preflight is answered as one: any other OPTIONS
        // is a method that is not offered.
        if (!allowed.has(request.headers.origin ?? '')) callback(null, { ...options, origin: false })
        else callback(null, { ...options, preflight: isPreflight(request) })
      }
    })
  },
  { name: 'cors', fastify: '5.x', dependencies: ['problems', 'auth'] }
)

const isPreflight = (request: FastifyRequest): boolean =>
  request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined
