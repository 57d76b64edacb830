import { Type } from '@sinclair/typebox'
import { refusalsWithBody } from '../src/http/refusals.ts'
import { shared } from '../src/http/shared-schema.ts'
import { SignedIn } from './session.schema.ts'
import {
  DisplayName,
  Email,
  EXAMPLE_EMAIL,
  EXAMPLE_PASSWORD,
  exampleUser,
  NewPassword,
  Password,
  User
} from './user.schema.ts'

const Registration = Type.Object(
  { email: Email, password: NewPassword, display_name: Type.Optional(DisplayName) },
  {
    additionalProperties: false,
    examples: [{ email: EXAMPLE_EMAIL, password: EXAMPLE_PASSWORD, display_name: 'Ada' }]
  }
)

export const register = {
  operationId: 'register',
  tags: ['auth'],
  summary: 'Register',
  description: 'Makes an account. It does not sign in.',
  body: Registration,
  response: {
    201: Type.Object({ user: shared(User) }, { description: 'The new user.', examples: [{ user: exampleUser }] }),
    ...refusalsWithBody('registration_closed', 'email_taken', 'weak_password', 'overloaded', 'unavailable')
  }
}

const Credentials = Type.Object(
  {
    email: Email,
    password: Password,
    delivery: Type.Optional(
      Type.Union([Type.Literal('cookie'), Type.Literal('body')], {
        description:
          'How the refresh token travels: in a cookie (default), or in the answer for clients that keep it themselves.'
      })
    )
  },
  { additionalProperties: false, examples: [{ email: EXAMPLE_EMAIL, password: EXAMPLE_PASSWORD }] }
)

export const login = {
  operationId: 'login',
  tags: ['auth'],
  summary: 'Sign in',
  description:
    'Opens a session. The answer, and the time that it takes, are the same for an unknown address and a wrong password. Failures are throttled; a device that has signed in before is not held up by those of strangers.',
  body: Credentials,
  response: {
    200: shared(SignedIn),
    ...refusalsWithBody('invalid_credentials', 'account_disabled', 'rate_limited', 'overloaded', 'unavailable')
  }
}
