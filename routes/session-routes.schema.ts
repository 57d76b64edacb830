import { Type } from '@sinclair/typebox'
import { refusals, refusalsWithBody } from '../src/http/refusals.ts'
import { shared } from '../src/http/shared-schema.ts'
import { exampleSession, RefreshToken, Session, SignedIn } from './session.schema.ts'
import { exampleUser, User } from './user.schema.ts'

const MaybeRefreshToken = Type.Optional(
  Type.Object({ refresh_token: Type.Optional(RefreshToken) }, { additionalProperties: false, examples: [{}] })
)

const External = Type.Object(
  {
    issuer: Type.String(),
    subject: Type.String({ description: 'The `sub` claim, which means something only together with the issuer.' }),
    roles: Type.Array(Type.String(), { description: 'Roles of this service.' })
  },
  { description: 'Whom an external issuer vouches for.' }
)
const exampleExternal = { issuer: 'https://idp.example', subject: '248289761001', roles: ['editor'] }

export const NoContent = Type.Null({ description: 'Done.' })

export const refresh = {
  operationId: 'refresh',
  tags: ['auth'],
  summary: 'Renew the tokens',
  description:
    'Takes the refresh token from the body or else from the cookie, and replaces it. Within the grace window the token just replaced is answered with the same successor again; an older one ends the session.',
  body: MaybeRefreshToken,
  response: { 200: shared(SignedIn), ...refusalsWithBody('invalid_refresh_token', 'unavailable') }
}

export const logout = {
  operationId: 'logout',
  tags: ['auth'],
  summary: 'Sign out',
  description:
    'Ends the session that the access token or the refresh token names, also when the token has expired. Done twice, or without a token, it is no error.',
  body: MaybeRefreshToken,
  response: { 204: NoContent, ...refusalsWithBody('unavailable') }
}

export const logoutAll = {
  operationId: 'logoutAll',
  tags: ['auth'],
  summary: 'Sign out everywhere',
  description: 'Ends every session and token of the caller.',
  response: { 204: NoContent, ...refusalsWithBody('unavailable') }
}

export const currentSession = {
  operationId: 'currentSession',
  tags: ['auth'],
  summary: 'Who is signed in',
  description:
    'Null for nobody; a bad credential is refused. For the user of an external issuer, who has no record here, `user` is null and `external` says who it is.',
  response: {
    200: Type.Object(
      {
        user: Type.Union([shared(User), Type.Null()]),
        session: Type.Optional(shared(Session)),
        external: Type.Optional(External)
      },
      {
        description: 'The user and the session, or whom another issuer vouches for, or nobody.',
        examples: [
          { user: exampleUser, session: exampleSession },
          { user: null, external: exampleExternal }
        ]
      }
    ),
    ...refusals('unavailable')
  }
}
