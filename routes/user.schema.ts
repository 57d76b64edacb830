import { Type, type Static } from '@sinclair/typebox'
import { ROLE_PATTERN, MOST_ROLES } from '../src/domain/permissions.ts'
import type { UserRecord } from '../src/domain/records.ts'

export const EXAMPLE_EMAIL = 'ada@example.com'
export const EXAMPLE_PASSWORD = 'correct horse battery staple'
export const EXAMPLE_ID = '01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01'

const Time = (description: string) => Type.String({ format: 'date-time', description })

export const exampleUser = {
  id: EXAMPLE_ID,
  email: EXAMPLE_EMAIL,
  display_name: 'Ada',
  roles: [],
  disabled: false,
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:04:05.678Z'
}

export const User = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    email: Type.String({ description: 'As it was given.' }),
    display_name: Type.Union([Type.String(), Type.Null()]),
    roles: Type.Array(Type.String()),
    disabled: Type.Boolean(),
    created_at: Time('RFC 3339, UTC.'),
    updated_at: Time('RFC 3339, UTC.')
  },
  {
    $id: 'User',
    description: 'A person with an e-mail address and a password.',
    examples: [exampleUser]
  }
)

/** The address as it is typed; `parseEmail` says whether it is one. */
export const Email = Type.String({ minLength: 3, maxLength: 254, description: 'At most 254 octets.' })
/** Longer than any password may be, so that the rule that refuses it is the one for passwords. */
export const Password = Type.String({ minLength: 1, maxLength: 4096 })
export const NewPassword = Type.String({
  minLength: 1,
  maxLength: 4096,
  description: 'Up to 256 characters; common ones, repetitions, runs and the address itself are refused.'
})
export const DisplayName = Type.Union([Type.String({ minLength: 1, maxLength: 100 }), Type.Null()])
export const RoleNames = Type.Array(Type.String({ pattern: ROLE_PATTERN }), { maxItems: MOST_ROLES, uniqueItems: true })

/** The record as the API shows it. */
export const userShape = (user: UserRecord): Static<typeof User> => ({
  id: user.id,
  email: user.email,
  display_name: user.displayName,
  roles: [...user.roles],
  disabled: user.disabledAt !== null,
  created_at: user.createdAt.toISOString(),
  updated_at: user.updatedAt.toISOString()
})
