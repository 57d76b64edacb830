import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { Problem } from '../src/domain/problems.ts'
import { hashOfResetToken } from '../src/domain/reset-token.ts'
import { sessionBuckets } from '../src/domain/throttle.ts'
import { actOf } from '../src/http/act.ts'
import { clearRefreshCookie, refreshCookieOf } from '../src/http/cookies.ts'
import { anyone, requireLocalUser } from '../src/http/guards.ts'
import { changePassword, resetPassword } from './password.schema.ts'
import { SignedIn } from './session.schema.ts'
import { newSession, signedIn } from './signed-in.ts'
import { User } from './user.schema.ts'

export interface PasswordRouteOptions {
  /** Whether failed attempts are counted. */
  readonly throttled: boolean
}

const routes: FastifyPluginAsyncTypebox<PasswordRouteOptions> = async (app, { throttled }) => {
  app.addSchema(User).addSchema(SignedIn)

  app.post('/password', { preHandler: requireLocalUser, schema: changePassword }, async (request, reply) => {
    const { current_password: current, new_password: next } = request.body
    const { id, sessionId } = request.user
    const act = actOf(request, id)
    const before = await app.sessions.find(sessionId)
    if (before === null) throw new Problem('token_revoked')
    // Refused before the current password is asked for: nothing of it depends on who knows that.
    await app.passwords.refuseWeak(next, { email: before.user.email, pointer: '/new_password' })
    const attempt = await app.signIns.enter(before.user, throttled ? sessionBuckets(sessionId) : [])
    const { verifiedHash } = await app.provePassword(attempt, current, act)
    const newHash = await app.passwords.hash(next).catch(async (error: unknown) => {
      await app.signIns.release(attempt)
      throw error
    })
    const session = newSession(app, request, before.session.delivery)
    const grant = await app.passwordRecords.change(attempt, { userId: id, verifiedHash, newHash, session }, act)
    // The password, or the account, changed while this one was being verified.
    if (grant === null) throw new Problem('invalid_credentials')
    return signedIn(app, reply, grant)
  })

  app.post('/password/reset', { preHandler: anyone, schema: resetPassword }, async (request, reply) => {
    const { token, new_password: next } = request.body
    const tokenHash = hashOfResetToken(token)
    const user = await app.passwordRecords.findReset(tokenHash)
    if (user === null) throw new Problem('invalid_reset_token')
    await app.passwords.refuseWeak(next, { email: user.email, pointer: '/new_password' })
    const done = await app.passwordRecords.reset(tokenHash, await app.passwords.hash(next), actOf(request, user.id))
    if (!done) throw new Problem('invalid_reset_token')
    if (refreshCookieOf(request) !== null) clearRefreshCookie(reply)
    return reply.code(204).send(null)
  })
}

export default fp(routes, {
  name: 'routes/password',
  encapsulate: true,
  dependencies: ['auth', 'records', 'tokens', 'keys', 'passwords', 'proofs']
})
