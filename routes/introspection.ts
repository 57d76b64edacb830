import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import type { AccessClaims } from '../src/domain/access-token.ts'
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
    return verdict.good ? activeToken(verdict.claims) : { active: false as const }
  })
}

/** What is said of a good token: its claims as they are described, and no other that another version may have put into it. */
function activeToken({ iss, aud, sub, client_id, scope, iat, exp, nbf, jti, ver, sid, roles, email }: AccessClaims) {
  return {
    active: true as const,
    token_type: 'Bearer' as const,
    iss,
    aud: typeof aud === 'string' ? aud : [...aud],
    sub,
    client_id,
    ...(scope !== undefined && { scope }),
    iat,
    exp,
    ...(nbf !== undefined && { nbf }),
    jti,
    ver,
    ...(sid !== undefined && { sid }),
    ...(roles !== undefined && { roles: [...roles] }),
    ...(email !== undefined && { email })
  }
}

export default fp(routes, {
  name: 'routes/introspection',
  encapsulate: true,
  dependencies: ['auth', 'clients', 'tokens', 'revocations']
})
