import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
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
    await app.revocations.confirmed()
    app.revocations.assertCurrent()
    const verdict = await app.tokens.introspect(request.body.token)
    reply.header('cache-control', 'no-store')
    if (!verdict.good) return { active: false as const }
    if (verdict.external !== undefined) return { ...ACTIVE, ...externalShape(verdict.external, book) }
    const { aud, roles, ...claims } = verdict.claims
    return { ...ACTIVE, aud: audienceShape(aud), ...(roles !== undefined && { roles: [...roles] }), ...claims }
  })
}

const ACTIVE = { active: true, token_type: 'Bearer' } as const
const audienceShape = (aud: string | readonly string[]) => (typeof aud === 'string' ? aud : [...aud])

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
