import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { etagOf, isStillRight } from '../src/http/etag.ts'
import { anyone } from '../src/http/guards.ts'
import { getDocument } from './documents.schema.ts'

async function routes(app: FastifyInstance) {
  let made: Promise<{ readonly text: string; readonly etag: string }> | null = null
  async function make() {
    const described = await app.describeRoutes()
    const text = JSON.stringify(described.swagger())
    await described.close()
    return { text, etag: etagOf(text) }
  }

  app.get('/openapi.json', { preHandler: anyone, schema: getDocument }, async (request, reply) => {
    const { text, etag } = await (made ??= make())
    // `no-cache` keeps a copy but asks whether it is still right (RFC 9111 section 5.2.2.4): a new version shows at once.
    reply.headers({ etag, 'cache-control': 'no-cache' })
    if (isStillRight(request, etag)) return reply.code(304).send()
    return reply.type('application/json').send(text)
  })
}

export default fp(routes, { name: 'routes/documents', encapsulate: true, dependencies: ['openapi'] })
