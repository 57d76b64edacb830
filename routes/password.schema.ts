import { Type } from '@sinclair/typebox'
import { refusalsWithBody } from '../src/http/refusals.ts'
import { shared } from '../src/http/shared-schema.ts'
import { NoContent } from './session-routes.schema.ts'
import { SignedIn } from './session.schema.ts'
import { EXAMPLE_PASSWORD, NewPassword, Password } from './user.schema.ts'

const EXAMPLE_NEW_PASSWORD = 'another quite long passphrase'

export const changePassword = {
  operationId: 'changePassword',
  tags: ['auth'],
  summary: 'Change the password',
  description: 'Ends every session and token of the user, and answers with those of a fresh one.',
  body: Type.Object(
    { current_password: Password, new_password: NewPassword },
    {
      additionalProperties: false,
      examples: [{ current_password: EXAMPLE_PASSWORD, new_password: EXAMPLE_NEW_PASSWORD }]
    }
  ),
  response: {
    200: shared(SignedIn),
    ...refusalsWithBody('invalid_credentials', 'weak_password', 'rate_limited', 'overloaded', 'unavailable')
  }
}

export const resetPassword = {
  operationId: 'resetPassword',
  tags: ['auth'],
  summary: 'Set a password with a reset token',
  description:
    'The token comes from an administrator and works once, within the hour. Ends every session and token of the user.',
  body: Type.Object(
    { token: Type.String({ minLength: 1, maxLength: 1024 }), new_password: NewPassword },
    { additionalProperties: false, examples: [{ token: 'lkp_3q2-796tvu_erb7v…', new_password: EXAMPLE_NEW_PASSWORD }] }
  ),
  response: {
    204: NoContent,
    ...refusalsWithBody('invalid_reset_token', 'weak_password', 'overloaded', 'unavailable')
  }
}
