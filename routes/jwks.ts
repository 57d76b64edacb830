import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { etagOf, isStillRight } from '../src/http/etag.ts'
import { anyone } from '../src/http/guards.ts'
import { getKeySet, KeySet } from './jwks.schema.ts'

/** RFC 7517 section 8.5.2. */
const MEDIA_TYPE = 'application/jwk-set+json'

const routes: FastifyPluginAsyncTypebox = async (app) => {
  app.addSchema(KeySet)
  // Nobody keeps a copy for longer, a cache that cannot reach us neither (RFC 9111 section 5.2.2.2): a next key is known
  // before it signs, and a revoked one forgotten.
  const caching = `public, max-age=${app.keys.cacheSeconds}, must-revalidate`

  app.get('/jwks.json', { preHandler: anyone, schema: getKeySet }, async (request, reply) => {
    const text = JSON.stringify({ keys: app.keys.published() })
    const etag = etagOf(text)
    reply.headers({ etag, 'cache-control': caching })
    if (isStillRight(request, etag)) return reply.code(304).send(null)
    return reply.type(MEDIA_TYPE).send(text)
  })
}

export default fp(routes, { name: 'routes/jwks', encapsulate: true, dependencies: ['auth', 'keys'] })
