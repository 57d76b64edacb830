import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { MacKey } from '../src/domain/key-ring.ts'
import { Problem } from '../src/domain/problems.ts'
import { readRefreshToken } from '../src/domain/refresh-token.ts'
import { actOf } from '../src/http/act.ts'
import { bearerToken } from '../src/http/bearer.ts'
import { clearRefreshCookie, refreshCookieOf } from '../src/http/cookies.ts'
import { anyone, maybeUser, requireLocalUser } from '../src/http/guards.ts'
import { Session, sessionShape, SignedIn } from './session.schema.ts'
import { currentSession, logout, logoutAll, refresh } from './session-routes.schema.ts'
import { signedIn } from './signed-in.ts'
import { User, userShape } from './user.schema.ts'

const routes: FastifyPluginAsyncTypebox = async (app) => {
  app.addSchema(User).addSchema(SignedIn).addSchema(Session)
  const findKey = (kid: string): MacKey | null => app.keys.findMac('refresh', kid)

  app.post('/refresh', { preHandler: anyone, schema: refresh }, async (request, reply) => {
    const cookie = refreshCookieOf(request)
    const presented = request.body.refresh_token ?? cookie
    const token = presented === null ? null : readRefreshToken(presented, findKey)
    const refreshed = token === null ? null : await app.sessions.refresh(token, actOf(request))
    if (refreshed === null || !('grant' in refreshed)) {
      if (cookie !== null) clearRefreshCookie(reply)
      throw new Problem('invalid_refresh_token')
    }
    return signedIn(app, reply, refreshed.grant)
  })

  app.post('/logout', { preHandler: anyone, schema: logout }, async (request, reply) => {
    const act = actOf(request)
    const claims = await claimsNamingASession(request)
    if (claims !== null) {
      const denied = { jti: claims.jti, subject: claims.sub, expiresAt: claims.exp }
      await app.sessions.end(claims.sid, denied, act)
    }
    const cookie = refreshCookieOf(request)
    for (const presented of [request.body.refresh_token, cookie]) {
      const token = readRefreshToken(presented ?? '', findKey)
      if (token !== null) await app.sessions.endByRefreshToken(token, act)
    }
    if (cookie !== null) clearRefreshCookie(reply)
    return reply.code(204).send(null)
  })

  app.post('/logout-all', { preHandler: requireLocalUser, schema: logoutAll }, async (request, reply) => {
    const { id } = request.user
    await app.userChanges.revoke(id, 'user.signed_out_everywhere', actOf(request, id))
    if (refreshCookieOf(request) !== null) clearRefreshCookie(reply)
    return reply.code(204).send(null)
  })

  app.get('/session', { preHandler: maybeUser, schema: currentSession }, async (request) => {
    const { maybeUser } = request
    if (maybeUser === null) return { user: null }
    if (maybeUser.sessionId === null) {
      const { issuer, subject, roles } = maybeUser
      return { user: null, external: { issuer, subject, roles: [...roles] } }
    }
    const grant = await app.sessions.find(maybeUser.sessionId)
    if (grant === null) throw new Problem('token_revoked')
    return { user: userShape(grant.user), session: sessionShape(grant.session, true) }
  })

  /** An access token names its session as long as it is ours, also when it has expired or been revoked: signing out twice is no error. */
  async function claimsNamingASession(request: FastifyRequest) {
    const token = presentedBearer(request)
    if (token === null) return null
    const claims = await app.tokens.ownClaims(token)
    return claims?.sid === undefined ? null : { ...claims, sid: claims.sid }
  }
}

/** What cannot be an access token names no session; that is for `/logout` no reason to refuse. */
function presentedBearer(request: FastifyRequest): string | null {
  try {
    return bearerToken(request)
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return null
    throw error
  }
}

export default fp(routes, {
  name: 'routes/session',
  encapsulate: true,
  dependencies: ['auth', 'records', 'tokens', 'keys']
})
