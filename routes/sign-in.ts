import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { v7 as uuidv7 } from 'uuid'
import { readDeviceToken } from '../src/domain/device-token.ts'
import { Problem } from '../src/domain/problems.ts'
import { deviceBuckets, strangerBuckets } from '../src/domain/throttle.ts'
import { actOf } from '../src/http/act.ts'
import { deviceCookieOf } from '../src/http/cookies.ts'
import { anyone } from '../src/http/guards.ts'
import { addressIn } from './address.ts'
import { newSession, rememberDevice, signedIn } from './signed-in.ts'
import { SignedIn } from './session.schema.ts'
import { login, register } from './sign-in.schema.ts'
import { User, userShape } from './user.schema.ts'

export interface SignInOptions {
  readonly registrationOpen: boolean
  /** Whether failed attempts are counted. */
  readonly throttled: boolean
}

const routes: FastifyPluginAsyncTypebox<SignInOptions> = async (app, { registrationOpen, throttled }) => {
  app.addSchema(User).addSchema(SignedIn)

  app.post('/register', { preHandler: anyone, schema: register }, async (request, reply) => {
    if (!registrationOpen) throw new Problem('registration_closed')
    const { password, display_name: displayName = null } = request.body
    const { email, emailKey } = addressIn(request.body)
    await app.passwords.refuseWeak(password, { email, pointer: '/password' })
    const passwordHash = await app.passwords.hash(password)
    const user = await app.users.create(
      { id: uuidv7(), email, emailKey, displayName, passwordHash, roles: [] },
      'user.registered',
      actOf(request)
    )
    if (user === null) throw new Problem('email_taken')
    return reply
      .code(201)
      .header('location', `/api/v1/users/${user.id}`)
      .send({ user: userShape(user) })
  })

  app.post('/login', { preHandler: anyone, schema: login }, async (request, reply) => {
    const { password, delivery = 'cookie' } = request.body
    const { emailKey } = addressIn(request.body)
    // In a flood, refusals must cost next to nothing: not the statements that begin an attempt and take it back.
    app.passwords.assertRoom()
    const device = readDeviceToken(deviceCookieOf(request) ?? '', (kid) => app.keys.findMac('device', kid))
    const attempt = await app.signIns.begin(emailKey, {
      stranger: throttled ? strangerBuckets(request.ip, emailKey) : [],
      device: device === null || !throttled ? null : { of: device, buckets: deviceBuckets(device) }
    })
    const { user, verifiedHash, rehashed } = await app.provePassword(attempt, password, actOf(request))
    if (user.disabledAt !== null) {
      await app.signIns.release(attempt)
      throw new Problem('account_disabled')
    }
    const session = newSession(app, request, delivery)
    const opening = { userId: user.id, verifiedHash, rehashed, session }
    const grant = await app.signIns.open(attempt, opening, actOf(request))
    // The password, or the account, changed while this one was being verified.
    if (grant === null) throw new Problem('invalid_credentials')
    rememberDevice(app, reply, user.id, device)
    return signedIn(app, reply, grant)
  })
}

export default fp(routes, {
  name: 'routes/sign-in',
  encapsulate: true,
  dependencies: ['auth', 'records', 'tokens', 'keys', 'passwords', 'proofs']
})
