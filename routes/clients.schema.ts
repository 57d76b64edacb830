import { Type } from '@sinclair/typebox'
import { Page, PageQuery } from '../src/http/page.ts'
import { refusals, refusalsWithBody } from '../src/http/refusals.ts'
import { shared } from '../src/http/shared-schema.ts'
import {
  Client,
  ClientAudiences,
  ClientName,
  ClientPermissions,
  EXAMPLE_CLIENT_ID,
  EXAMPLE_SECRET,
  EXAMPLE_SECRET_ID,
  exampleClient,
  PublicJwk
} from './client.schema.ts'
import { NoContent } from './session-routes.schema.ts'

const tags = ['clients']
/** Any text: what is no id of a client names none, which is 404. */
const params = Type.Object({ id: Type.String({ examples: [EXAMPLE_CLIENT_ID] }) })
const Secret = Type.String({ description: 'Shown this once.' })

export const listClients = {
  operationId: 'listClients',
  tags,
  summary: 'List clients',
  description: 'In the order in which they were made.',
  querystring: Type.Object(PageQuery, { additionalProperties: false }),
  response: { 200: Page(shared(Client), exampleClient), ...refusals('validation_failed', 'unavailable') }
}

export const getClient = {
  operationId: 'getClient',
  tags,
  summary: 'One client',
  params,
  response: { 200: shared(Client), ...refusals('not_found', 'unavailable') }
}

export const createClient = {
  operationId: 'createClient',
  tags,
  summary: 'Register a client',
  description:
    'A service that gets tokens for itself from `POST /oauth2/token`. The answer is the only one that has its secret.',
  body: Type.Object(
    {
      name: ClientName,
      permissions: ClientPermissions,
      audiences: Type.Optional(ClientAudiences),
      public_jwk: Type.Optional(PublicJwk)
    },
    { additionalProperties: false, examples: [{ name: 'billing', permissions: ['invoices:write', 'users:read'] }] }
  ),
  response: {
    201: Type.Object(
      { ...Client.properties, client_secret: Secret },
      { description: 'The new client.', examples: [{ ...exampleClient, client_secret: EXAMPLE_SECRET }] }
    ),
    ...refusalsWithBody('unavailable')
  }
}

export const updateClient = {
  operationId: 'updateClient',
  tags,
  summary: 'Change a client',
  description:
    'In force at once: once a permission or an audience is taken away, the tokens already issued are `token_stale` and a new one can be asked for; disabling ends them.',
  params,
  body: Type.Object(
    {
      name: Type.Optional(ClientName),
      permissions: Type.Optional(ClientPermissions),
      audiences: Type.Optional(ClientAudiences),
      public_jwk: Type.Optional(PublicJwk),
      disabled: Type.Optional(Type.Boolean())
    },
    { additionalProperties: false, minProperties: 1, examples: [{ permissions: ['users:read'] }] }
  ),
  response: { 200: shared(Client), ...refusalsWithBody('not_found', 'unavailable') }
}

export const deleteClient = {
  operationId: 'deleteClient',
  tags,
  summary: 'Delete a client',
  description: 'Its tokens are over at once.',
  params,
  response: { 204: NoContent, ...refusalsWithBody('not_found', 'unavailable') }
}

export const addSecret = {
  operationId: 'addClientSecret',
  tags,
  summary: 'Give a client another secret',
  description:
    'Two may be valid at once, so that a rotation needs no downtime: add one, hand it out, delete the one before.',
  params,
  response: {
    201: Type.Object(
      { id: Type.String({ format: 'uuid' }), client_secret: Secret },
      { description: 'The new secret.', examples: [{ id: EXAMPLE_SECRET_ID, client_secret: EXAMPLE_SECRET }] }
    ),
    ...refusalsWithBody('not_found', 'too_many_secrets', 'unavailable')
  }
}

export const deleteSecret = {
  operationId: 'deleteClientSecret',
  tags,
  summary: 'Delete a secret of a client',
  description: 'Nobody gets a token with it any more. Tokens already issued live on until they expire.',
  params: Type.Object({
    id: Type.String({ examples: [EXAMPLE_CLIENT_ID] }),
    secret_id: Type.String({ examples: [EXAMPLE_SECRET_ID] })
  }),
  response: { 204: NoContent, ...refusalsWithBody('not_found', 'unavailable') }
}
