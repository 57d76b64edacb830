import { randomBytes } from 'node:crypto'
import type { Static } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { v7 as uuidv7 } from 'uuid'
import { makeDeviceToken, type Device } from '../src/domain/device-token.ts'
import type { Delivery, Grant } from '../src/domain/records.ts'
import { SEED_BYTES } from '../src/domain/refresh-token.ts'
import { userAgentOf } from '../src/http/act.ts'
import { setDeviceCookie, setRefreshCookie } from '../src/http/cookies.ts'
import type { SignedIn } from './session.schema.ts'
import { userShape } from './user.schema.ts'

/** A session for whoever sends this request; its id is new at every sign-in. */
export const newSession = (app: FastifyInstance, request: FastifyRequest, delivery: Delivery) => ({
  id: uuidv7(),
  delivery,
  seed: randomBytes(SEED_BYTES),
  refreshKid: app.keys.currentMac('refresh').kid,
  userAgent: userAgentOf(request)
})

/** Hands the tokens of a grant over in the way that its session was opened for. */
export function signedIn(app: FastifyInstance, reply: FastifyReply, grant: Grant): Static<typeof SignedIn> {
  const tokens = app.tokens.issue(grant)
  const inBody = grant.session.delivery === 'body'
  if (!inBody) setRefreshCookie(reply, tokens.refreshToken, tokens.refreshExpiresIn)
  return {
    access_token: tokens.accessToken,
    token_type: 'Bearer',
    expires_in: tokens.expiresIn,
    user: userShape(grant.user),
    ...(inBody && { refresh_token: tokens.refreshToken, refresh_expires_in: tokens.refreshExpiresIn })
  }
}

/** Makes the device known to the account, so that the failures of strangers do not hold it up next time. */
export function rememberDevice(app: FastifyInstance, reply: FastifyReply, userId: string, known: Device | null): void {
  const deviceId = known?.userId === userId ? known.deviceId : uuidv7()
  setDeviceCookie(reply, makeDeviceToken(app.keys.currentMac('device'), { userId, deviceId }))
}
