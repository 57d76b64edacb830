import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { Problem } from '../src/domain/problems.ts'
import { anyone } from '../src/http/guards.ts'
import { introspectToken } from './introspection.schema.ts'

const routes: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/introspect', { preHandler: anyone, schema: introspectToken }, async (request, reply) => {
    const { client } = await app.authenticateClient(request, request.body)
    if (!client.permissions.includes('tokens:introspect')) throw new Problem('forbidden')
    // What a guard asks before it judges: an answer that may be out of date would be believed elsewhere.
    await app.revocations.confirmed()
    app.revocations.assertCurrent()
    const verdict = await app.tokens.introspect(request.body.token)
    reply.header('cache-control', 'no-store')
    if (!verdict.good) return { active: false as const }
    const { aud, roles, ...claims } = verdict.claims
    return {
      active: true as const,
      token_type: 'Bearer' as const,
      aud: typeof aud === 'string' ? aud : [...aud],
      ...(roles !== undefined && { roles: [...roles] }),
      ...claims
    }
  })
}

export default fp(routes, {
  name: 'routes/introspection',
  encapsulate: true,
  dependencies: ['auth', 'clients', 'tokens', 'revocations']
})
