import { Type } from '@sinclair/typebox'
import { oauthRefusalsToClients } from '../src/http/oauth-errors.ts'
import { clientOperation, ClientParameters, TokenParameters } from './client-authentication.schema.ts'

export const revokeToken = {
  ...clientOperation,
  operationId: 'revokeToken',
  summary: 'Take a token back',
  description:
    'RFC 7009. An access token is denied by its `jti`, in force everywhere at once; a refresh token ends its session. A client takes back its own tokens; with `tokens:revoke` anybody’s. What is unknown, expired or taken back already is 200 as well.',
  body: Type.Object(
    { ...TokenParameters, ...ClientParameters },
    { additionalProperties: true, examples: [{ token: 'eyJhbGciOiJFUzI1NiIs…' }] }
  ),
  response: {
    200: Type.Null({ description: 'The token is worth nothing.' }),
    ...oauthRefusalsToClients('forbidden')
  }
}
