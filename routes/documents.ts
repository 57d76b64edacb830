import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { anyone } from '../src/http/guards.ts'
import { getDocument } from './documents.schema.ts'

async function routes(app: FastifyInstance) {
  let text = ''
  let etag = ''
  // Made once, when all routes are known: a document that cannot be made stops the start and is no 500 later.
  app.addHook('onReady', async () => {
    text = JSON.stringify(app.swagger())
    etag = `"${createHash('sha256').update(text).digest('base64url')}"`
  })

  app.get('/openapi.json', { preHandler: anyone, schema: getDocument }, async (request, reply) => {
    // `no-cache` keeps a copy but asks whether it is still right (RFC 9111 section 5.2.2.4): a new version shows at once.
    reply.headers({ etag, 'cache-control': 'no-cache' })
    if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send()
    return reply.type('application/json').send(text)
  })
}

/** If-None-Match by weak comparison (RFC 9110 section 13.1.2). */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag)
}

export default fp(routes, { name: 'routes/documents', encapsulate: true, dependencies: ['openapi'] })
