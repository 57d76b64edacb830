import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { Problem } from '../src/domain/problems.ts'
import { sessionBuckets } from '../src/domain/throttle.ts'
import { actOf } from '../src/http/act.ts'
import { clearRefreshCookie, refreshCookieOf } from '../src/http/cookies.ts'
import { requireLocalUser } from '../src/http/guards.ts'
import { deleteMe, getMe, updateMe } from './me.schema.ts'
import { User, userShape } from './user.schema.ts'

export interface MeOptions {
  /** Whether failed attempts are counted. */
  readonly throttled: boolean
}

const routes: FastifyPluginAsyncTypebox<MeOptions> = async (app, { throttled }) => {
  app.addSchema(User)

  app.get('/me', { preHandler: requireLocalUser, schema: getMe }, async (request) => {
    const user = await app.users.find(request.user.id)
    if (user === null) throw new Problem('token_revoked')
    return userShape(user)
  })

  app.patch('/me', { preHandler: requireLocalUser, schema: updateMe }, async (request) => {
    const { id } = request.user
    const changed = await app.userChanges.change(id, { displayName: request.body.display_name }, actOf(request, id))
    if (changed.verdict !== 'changed') throw new Problem('token_revoked')
    return userShape(changed.user)
  })

  app.delete('/me', { preHandler: requireLocalUser, schema: deleteMe }, async (request, reply) => {
    const { id, sessionId } = request.user
    const act = actOf(request, id)
    const user = await app.users.find(id)
    if (user === null) throw new Problem('token_revoked')
    const attempt = await app.signIns.enter(user, throttled ? sessionBuckets(sessionId) : [])
    const { verifiedHash } = await app.provePassword(attempt, request.body.password, act)
    const verdict = await app.userChanges.remove(id, act, verifiedHash)
    await app.signIns.release(attempt)
    if (verdict === 'last_admin') throw new Problem('last_admin')
    // The password changed while it was being verified.
    if (verdict === 'missing') throw new Problem('invalid_credentials')
    if (refreshCookieOf(request) !== null) clearRefreshCookie(reply)
    return reply.code(204).send(null)
  })
}

export default fp(routes, {
  name: 'routes/me',
  encapsulate: true,
  dependencies: ['auth', 'records', 'passwords', 'proofs']
})
