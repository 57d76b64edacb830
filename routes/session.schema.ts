import { Type, type Static } from '@sinclair/typebox'
import { shared } from '../src/http/shared-schema.ts'
import type { SessionRecord } from '../src/domain/records.ts'
import { exampleUser, User } from './user.schema.ts'

const EXAMPLE_JWT = 'eyJhbGciOiJFUzI1NiIsImtpZCI6Ij…'
const EXAMPLE_REFRESH_TOKEN = 'lkr_3q2-796tvu_erb7v…'

export const Session = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'The `sid` claim.' }),
    delivery: Type.Union([Type.Literal('cookie'), Type.Literal('body'), Type.Literal('session')]),
    created_at: Type.String({ format: 'date-time' }),
    last_used_at: Type.String({ format: 'date-time' }),
    expires_at: Type.String({ format: 'date-time', description: 'When it ends unless it is used before.' }),
    ip: Type.Union([Type.String(), Type.Null()]),
    user_agent: Type.Union([Type.String(), Type.Null()]),
    current: Type.Boolean({ description: 'Whether it is the one that asks.' })
  },
  { $id: 'Session', description: 'One sign-in.' }
)

export const exampleSession = {
  id: '01942d3c-8b6f-7d21-a04c-3b7e8f9a0b12',
  delivery: 'body',
  created_at: '2026-01-02T03:04:06.789Z',
  last_used_at: '2026-01-02T03:14:06.789Z',
  expires_at: '2026-01-09T03:14:06.789Z',
  ip: '192.0.2.1',
  user_agent: 'curl/8.5.0',
  current: true
}

export const sessionShape = (session: SessionRecord, current: boolean): Static<typeof Session> => ({
  id: session.id,
  delivery: session.delivery,
  created_at: session.createdAt.toISOString(),
  last_used_at: session.lastUsedAt.toISOString(),
  expires_at: new Date(Math.min(session.idleExpiresAt.getTime(), session.expiresAt.getTime())).toISOString(),
  ip: session.ip,
  user_agent: session.userAgent,
  current
})

/** The answer to whoever has just proved who they are; the last two members only with delivery `body`. */
export const SignedIn = Type.Object(
  {
    access_token: Type.String({ description: 'A JWT (RFC 9068); send it as `Authorization: Bearer`.' }),
    token_type: Type.Literal('Bearer'),
    expires_in: Type.Integer({ description: 'Seconds.' }),
    user: shared(User),
    refresh_token: Type.Optional(Type.String({ description: 'Works once; only with delivery `body`.' })),
    refresh_expires_in: Type.Optional(Type.Integer({ description: 'Seconds; only with delivery `body`.' }))
  },
  {
    $id: 'SignedIn',
    description: 'Tokens for the user. With delivery `cookie` the refresh token is in a cookie.',
    examples: [
      {
        access_token: EXAMPLE_JWT,
        token_type: 'Bearer',
        expires_in: 900,
        user: exampleUser,
        refresh_token: EXAMPLE_REFRESH_TOKEN,
        refresh_expires_in: 604800
      }
    ]
  }
)

export const RefreshToken = Type.String({ minLength: 1, maxLength: 1024 })
export const exampleRefreshToken = EXAMPLE_REFRESH_TOKEN
