import { Type } from '@sinclair/typebox'
import type { EventStream } from '../src/http/event-stream.ts'
import { oauthRefusals } from '../src/http/oauth-errors.ts'

const EXAMPLE = `event: snapshot
data: {"kind":"session","id":"01942d3c-8b6f-7d21-a04c-3b7e8f9a0b12","until":"2026-01-02T04:09:11.000Z"}

event: heartbeat
id: 1767322800000000-742:742:
data: {"confirmed_at":"2026-01-02T03:04:05.120Z"}

event: revoked
id: 1767322800000000-742:742:
data: {"kind":"subject","id":"01942d3c-9c7a-7e32-b15d-4c8f9a0b1c23","stale_below":7,"until":"2026-01-02T04:10:31.000Z"}

`

const Events = Type.Unsafe<EventStream | ''>({ type: 'string' })

export const followRevocations = {
  operationId: 'followRevocations',
  tags: ['services'],
  summary: 'Follow what is revoked',
  description:
    'Server-sent events for services that verify access tokens themselves. First `snapshot` events with all that is in force, then `revoked` events as they happen, each with one entry: what `kind` it is (`token` by jti, `session` by sid, `subject` by the id of the user, `client` by client_id, `key` by kid), its `id`, `until` when it matters, and for subjects and clients `stale_below` and `revoked_below`: tokens whose `ver` is below are stale or over. Entries may come more than once, and some concern no token that lives: a client was changed, and nothing was taken from it. A `heartbeat` says up to when all has been told, and none comes while that is not known. `Last-Event-ID` goes on from there, on any instance. The stream ends with the token that it was asked for with.',
  headers: Type.Object({
    'last-event-id': Type.Optional(Type.String({ description: 'The `id` of the last event that was seen.' }))
  }),
  response: {
    200: {
      description: 'The events.',
      content: { 'text/event-stream': { schema: Events, examples: { stream: { value: EXAMPLE } } } }
    },
    ...oauthRefusals(
      'unauthenticated',
      'invalid_token',
      'token_expired',
      'token_revoked',
      'token_stale',
      'forbidden',
      'overloaded',
      'revocation_unavailable',
      'unavailable'
    )
  }
}
