import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { Problem } from '../src/domain/problems.ts'
import type { ClientRecord } from '../src/domain/records.ts'
import { readRefreshToken } from '../src/domain/refresh-token.ts'
import { actOf } from '../src/http/act.ts'
import { anyone } from '../src/http/guards.ts'
import { revokeToken } from './revocation.schema.ts'

const routes: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/revoke', { preHandler: anyone, schema: revokeToken }, async (request, reply) => {
    const { token } = request.body
    const { client } = await app.authenticateClient(request, request.body)
    const act = actOf(request, client.id)
    const refreshToken = readRefreshToken(token, (kid) => app.keys.findMac('refresh', kid))
    if (refreshToken !== null) {
      // Clients have none: it is a user's.
      assertMayRevoke(client, null)
      await app.sessions.endByRefreshToken(refreshToken, act)
      return reply.code(200).send(null)
    }
    const claims = await app.tokens.ownClaims(token)
    if (claims !== null) {
      assertMayRevoke(client, claims.client_id)
      await app.deniedTokens.deny({ jti: claims.jti, subject: claims.sub, expiresAt: claims.exp }, act)
    }
    return reply.code(200).send(null)
  })
}

/** RFC 7009 section 2.1: a token of somebody else is refused, and the client is told. */
function assertMayRevoke({ id, permissions }: ClientRecord, owner: string | null): void {
  if (owner !== id && !permissions.includes('tokens:revoke')) throw new Problem('forbidden')
}

export default fp(routes, {
  name: 'routes/revocation',
  encapsulate: true,
  dependencies: ['auth', 'clients', 'tokens', 'keys', 'records']
})
