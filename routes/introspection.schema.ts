import { Type } from '@sinclair/typebox'
import { oauthRefusalsToClients } from '../src/http/oauth-errors.ts'
import { clientOperation, ClientParameters, TokenParameters } from './client-authentication.schema.ts'
import { EXAMPLE_CLIENT_ID } from './client.schema.ts'

/** What every active token says (RFC 7662 section 2.2). */
const Registered = {
  active: Type.Literal(true),
  token_type: Type.Literal('Bearer'),
  iss: Type.String(),
  aud: Type.Union([Type.String(), Type.Array(Type.String())]),
  sub: Type.String(),
  scope: Type.Optional(Type.String()),
  iat: Type.Integer(),
  exp: Type.Integer(),
  nbf: Type.Optional(Type.Integer())
}

export const introspectToken = {
  ...clientOperation,
  operationId: 'introspectToken',
  summary: 'Ask what a token is',
  description:
    'RFC 7662, for clients with `tokens:introspect`. Judged as a guard would judge it that accepts whom the token is meant for: compare `aud`. Whatever is not good, a refresh token too, is `{"active": false}` and nothing else.',
  body: Type.Object(
    { ...TokenParameters, ...ClientParameters },
    { additionalProperties: true, examples: [{ token: 'eyJhbGciOiJFUzI1NiIs…' }] }
  ),
  response: {
    200: Type.Union(
      [
        Type.Object({ active: Type.Literal(false) }, { additionalProperties: false }),
        Type.Object(
          {
            ...Registered,
            client_id: Type.String(),
            jti: Type.String(),
            ver: Type.Integer(),
            sid: Type.Optional(Type.String()),
            roles: Type.Optional(Type.Array(Type.String())),
            email: Type.Optional(Type.String())
          },
          { additionalProperties: false }
        ),
        Type.Object(
          { ...Registered, jti: Type.Optional(Type.String()), roles: Type.Array(Type.String()) },
          {
            additionalProperties: false,
            description: 'Of an external issuer: `roles` and `scope` are what it has here.'
          }
        )
      ],
      {
        description: 'The claims of the token where it is good.',
        examples: [
          {
            active: true,
            token_type: 'Bearer',
            iss: 'https://auth.example.com',
            aud: 'latchkey-api',
            sub: EXAMPLE_CLIENT_ID,
            client_id: EXAMPLE_CLIENT_ID,
            scope: 'users:read',
            iat: 1767323045,
            exp: 1767323945,
            jti: '0f8fad5b-d9cb-469f-a165-70867728950e',
            ver: 1
          },
          { active: false }
        ]
      }
    ),
    ...oauthRefusalsToClients('forbidden', 'revocation_unavailable')
  }
}
