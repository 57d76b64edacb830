import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { anyone } from '../src/http/guards.ts'
import { oauthRefusal } from '../src/http/oauth-errors.ts'
import { issueToken } from './token.schema.ts'

const routes: FastifyPluginAsyncTypebox = async (app) => {
  app.post('/token', { preHandler: anyone, schema: issueToken }, async (request, reply) => {
    const { grant_type: grantType, scope, resource = null } = request.body
    // Who is asking comes before what is asked for: a stranger learns nothing of what a client may do.
    const { client, now } = await app.authenticateClient(request, request.body)
    if (grantType !== 'client_credentials') {
      throw oauthRefusal('unsupported_grant_type', 'The only grant_type is client_credentials.')
    }
    const permissions = scope === undefined ? client.permissions : asked(scope, client.permissions)
    if (resource !== null && !client.audiences.includes(resource)) {
      throw oauthRefusal('invalid_target', 'resource is not one of the audiences of the client.')
    }
    const { accessToken, expiresIn } = app.tokens.issueToClient({ client, permissions, audience: resource, now })
    // RFC 6749 section 5.1 wants both, though no cache asks for the second any more.
    reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' })
    return {
      access_token: accessToken,
      token_type: 'Bearer' as const,
      expires_in: expiresIn,
      ...(permissions.length > 0 && { scope: permissions.join(' ') })
    }
  })
}

/** @throws Problem `invalid_scope` for more than the client holds, and for what is no scope (RFC 6749 section 3.3). */
function asked(scope: string, held: readonly string[]): readonly string[] {
  const wanted = new Set(scope.split(' '))
  if ([...wanted].every((permission) => held.includes(permission))) return [...wanted].sort()
  throw oauthRefusal('invalid_scope', 'scope is not a list of permissions of the client.')
}

export default fp(routes, { name: 'routes/token', encapsulate: true, dependencies: ['auth', 'clients', 'tokens'] })
