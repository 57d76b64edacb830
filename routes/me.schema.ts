import { Type } from '@sinclair/typebox'
import { refusals, refusalsWithBody } from '../src/http/refusals.ts'
import { shared } from '../src/http/shared-schema.ts'
import { NoContent } from './session-routes.schema.ts'
import { DisplayName, EXAMPLE_PASSWORD, Password, User } from './user.schema.ts'

const tags = ['users']

export const getMe = {
  operationId: 'getMe',
  tags,
  summary: 'The own record',
  response: { 200: shared(User), ...refusals('unavailable') }
}

export const updateMe = {
  operationId: 'updateMe',
  tags,
  summary: 'Change the own record',
  body: Type.Object(
    { display_name: DisplayName },
    { additionalProperties: false, examples: [{ display_name: 'Ada Lovelace' }] }
  ),
  response: { 200: shared(User), ...refusalsWithBody('unavailable') }
}

export const deleteMe = {
  operationId: 'deleteMe',
  tags,
  summary: 'Delete the own account',
  description: 'Asks for the password once more, and ends every session.',
  body: Type.Object(
    { password: Password },
    { additionalProperties: false, examples: [{ password: EXAMPLE_PASSWORD }] }
  ),
  response: {
    204: NoContent,
    ...refusalsWithBody('invalid_credentials', 'last_admin', 'rate_limited', 'overloaded', 'unavailable')
  }
}
