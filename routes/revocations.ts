import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import type { Caller } from '../src/domain/caller.ts'
import { bearerToken } from '../src/http/bearer.ts'
import { requirePermission } from '../src/http/guards.ts'
import { followRevocations } from './revocations.schema.ts'

const routes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/revocations',
    { preHandler: requirePermission('revocations:read'), schema: followRevocations },
    async (request, reply) => {
      // x-accel-buffering: a balancer that collected the answer would keep every event to itself.
      reply.headers({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
      if (request.method === 'HEAD') return reply.send('')
      const token = bearerToken(request) ?? ''
      const events = await app.feed.open({
        lastEventId: request.headers['last-event-id'] ?? null,
        ids: idsOf(request.caller),
        isGood: () => app.tokens.judge(token).good
      })
      return reply.send(events)
    }
  )
}

/** By which entries of the feed the caller's own token may be over: those of another issuer are in none. */
function idsOf(caller: Caller): readonly string[] {
  if (caller.kind === 'service') return [caller.tokenId, caller.clientId]
  return caller.sessionId === null ? [] : [caller.tokenId, caller.sessionId, caller.id]
}

export default fp(routes, { name: 'routes/revocations', encapsulate: true, dependencies: ['auth', 'feed', 'tokens'] })
