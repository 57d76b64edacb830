import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import type { AccessClaims } from '../src/domain/access-token.ts'
import type { ExternalIdentity } from '../src/domain/external-token.ts'
import type { RoleBook } from '../src/domain/permissions.ts'
import { Problem } from '../src/domain/problems.ts'
import { anyone } from '../src/http/guards.ts'
import { introspectToken } from './introspection.schema.ts'

export interface IntrospectionOptions {
  readonly roles: RoleBook
}

const routes: FastifyPluginAsyncTypebox<IntrospectionOptions> = async (app, { roles: book }) => {
  app.post('/introspect', { preHandler: anyone, schema: introspectToken }, async (request, reply) => {
    const { client } = await app.authenticateClient(request, request.body)
    if (!client.permissions.includes('tokens:introspect')) throw new Problem('forbidden')
    // What a guard asks before it judges: an answer that may be out of date would be believed elsewhere.
    await app.revocations.rely()
    const verdict = await app.tokens.introspect(request.body.token)
    reply.header('cache-control', 'no-store')
    if (!verdict.good) return { active: false as const }
    return verdict.external === undefined
      ? { ...ACTIVE, ...ownShape(verdict.claims) }
      : { ...ACTIVE, ...externalShape(verdict.external, book) }
  })
}

const ACTIVE = { active: true, token_type: 'Bearer' } as const
const audienceShape = (aud: string | readonly string[]) => (typeof aud === 'string' ? aud : [...aud])

/** What is said of a good token: its claims as they are described, and no other that another version may have put into it. */
function ownShape({ iss, aud, sub, client_id, scope, iat, exp, nbf, jti, ver, sid, roles, email }: AccessClaims) {
  return {
    iss,
    aud: audienceShape(aud),
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

/** What it says here, in the words of this service: roles by the issuer's `role_map`, and the permissions that they grant. */
function externalShape({ claims, roles }: ExternalIdentity, book: RoleBook) {
  const permissions = book.permissionsOf(roles)
  const scope = permissions.length > 0 && { scope: permissions.join(' ') }
  return { ...claims, aud: audienceShape(claims.aud), roles: [...roles], ...scope }
}

export default fp(routes, {
  name: 'routes/introspection',
  encapsulate: true,
  dependencies: ['auth', 'clients', 'tokens', 'revocations']
})
