import fp from 'fastify-plugin'
import { Problem } from '../src/domain/problems.ts'
import { faultOf, MOST_HEADER_FIELDS } from '../src/http/request-form.ts'

/**
 * Refuses what RFC 9112 calls malformed and Node lets through, before anybody acts on it. The connection is closed: where
 * the next request begins is anybody's guess.
 */
export default fp(
  async (app) => {
    app.addHook('onRequest', (request, reply, done) => {
      const fault = faultOf(request.raw)
      const tooMany = request.raw.rawHeaders.length >= 2 * MOST_HEADER_FIELDS
      if (fault === null && !tooMany) {
        done()
        return
      }
      reply.header('connection', 'close')
      throw tooMany ? new Problem('headers_too_large') : new Problem('bad_request', { detail: fault ?? undefined })
    })
  },
  { name: 'well-formed', fastify: '5.x', dependencies: ['request-log', 'security-headers'] }
)
