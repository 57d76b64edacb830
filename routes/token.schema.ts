import { Type } from '@sinclair/typebox'
import { oauthRefusalsToClients } from '../src/http/oauth-errors.ts'
import { clientOperation, ClientParameters } from './client-authentication.schema.ts'

export const issueToken = {
  ...clientOperation,
  operationId: 'issueToken',
  summary: 'Get a token for a service',
  description:
    'Client credentials (RFC 6749 section 4.4). The client says who it is by `Authorization: Basic` (client_id and client_secret, each form-encoded), by both in the form, or by a signed assertion; by one of them only.',
  body: Type.Object(
    {
      grant_type: Type.String({ description: '`client_credentials`.' }),
      scope: Type.Optional(
        Type.String({ description: 'Permissions of the client, space-delimited; all of them when left out.' })
      ),
      resource: Type.Optional(
        Type.String({
          description:
            'Whom the token is for (RFC 8707): one of the audiences of the client, and it is worth nothing anywhere else. This service when left out.'
        })
      ),
      ...ClientParameters
    },
    { additionalProperties: true, examples: [{ grant_type: 'client_credentials', scope: 'users:read' }] }
  ),
  response: {
    200: Type.Object(
      {
        access_token: Type.String(),
        token_type: Type.Literal('Bearer'),
        expires_in: Type.Integer({ description: 'Seconds.' }),
        scope: Type.Optional(Type.String({ description: 'What it is good for; absent when that is nothing.' }))
      },
      {
        description: 'The token (RFC 9068).',
        examples: [
          { access_token: 'eyJhbGciOiJFUzI1NiIs…', token_type: 'Bearer', expires_in: 900, scope: 'users:read' }
        ]
      }
    ),
    ...oauthRefusalsToClients('unsupported_grant_type', 'invalid_scope', 'invalid_target')
  }
}
