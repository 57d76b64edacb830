import { Type } from '@sinclair/typebox'
import { ROLE_PATTERN } from '../src/domain/permissions.ts'
import { Page, PageQuery } from '../src/http/page.ts'
import { refusals, refusalsWithBody } from '../src/http/refusals.ts'
import { shared } from '../src/http/shared-schema.ts'
import { NoContent } from './session-routes.schema.ts'
import { DisplayName, Email, exampleUser, EXAMPLE_ID, NewPassword, RoleNames, User } from './user.schema.ts'

const tags = ['users']
const EXAMPLE_RESET_TOKEN = 'lkp_3q2-796tvu_erb7v…'
/** Any text: what is no id of a user names nobody, which is 404. */
const params = Type.Object({ id: Type.String({ examples: [EXAMPLE_ID] }) })

export const listUsers = {
  operationId: 'listUsers',
  tags,
  summary: 'List users',
  description: 'In the order in which they were made.',
  querystring: Type.Object(
    {
      ...PageQuery,
      role: Type.Optional(Type.String({ pattern: ROLE_PATTERN, description: 'Only users who have this role.' })),
      disabled: Type.Optional(Type.Boolean({ description: 'Only users who are, or are not, disabled.' })),
      q: Type.Optional(
        Type.String({ minLength: 1, maxLength: 254, description: 'The beginning of the e-mail address, in any case.' })
      )
    },
    { additionalProperties: false }
  ),
  response: { 200: Page(shared(User), exampleUser), ...refusals('validation_failed', 'unavailable') }
}

export const getUser = {
  operationId: 'getUser',
  tags,
  summary: 'One user',
  params,
  response: { 200: shared(User), ...refusals('not_found', 'unavailable') }
}

export const createUser = {
  operationId: 'createUser',
  tags,
  summary: 'Create a user',
  description:
    'Also when registration is closed. Without a password the answer has a reset token, with which the person sets one.',
  body: Type.Object(
    {
      email: Email,
      password: Type.Optional(NewPassword),
      display_name: Type.Optional(DisplayName),
      roles: Type.Optional(RoleNames)
    },
    { additionalProperties: false, examples: [{ email: 'grace@example.com', display_name: 'Grace', roles: [] }] }
  ),
  response: {
    201: Type.Object(
      { user: shared(User), reset_token: Type.Optional(Type.String()) },
      { description: 'The new user.', examples: [{ user: exampleUser, reset_token: EXAMPLE_RESET_TOKEN }] }
    ),
    ...refusalsWithBody('email_taken', 'weak_password', 'overloaded', 'unavailable')
  }
}

export const updateUser = {
  operationId: 'updateUser',
  tags,
  summary: 'Change a user',
  description:
    'In force at once: after a change of roles the tokens already issued are `token_stale` and the next refresh gives one with the new roles; disabling ends every session.',
  params,
  body: Type.Object(
    {
      roles: Type.Optional(RoleNames),
      disabled: Type.Optional(Type.Boolean()),
      display_name: Type.Optional(DisplayName)
    },
    { additionalProperties: false, minProperties: 1, examples: [{ roles: ['admin'] }] }
  ),
  response: { 200: shared(User), ...refusalsWithBody('not_found', 'last_admin', 'unavailable') }
}

export const deleteUser = {
  operationId: 'deleteUser',
  tags,
  summary: 'Delete a user',
  params,
  response: { 204: NoContent, ...refusalsWithBody('not_found', 'last_admin', 'unavailable') }
}

export const revokeUser = {
  operationId: 'revokeUser',
  tags,
  summary: 'Sign a user out everywhere',
  description: 'Ends every session and token of that user.',
  params,
  response: { 204: NoContent, ...refusalsWithBody('not_found', 'unavailable') }
}

export const openPasswordReset = {
  operationId: 'openPasswordReset',
  tags,
  summary: 'Make a reset token for a user',
  description: 'To be handed on by a safe way. It works once, within the hour.',
  params,
  response: {
    200: Type.Object(
      { reset_token: Type.String(), expires_in: Type.Integer({ description: 'Seconds.' }) },
      {
        description: 'The token, shown this once.',
        examples: [{ reset_token: EXAMPLE_RESET_TOKEN, expires_in: 3600 }]
      }
    ),
    ...refusalsWithBody('not_found', 'unavailable')
  }
}
