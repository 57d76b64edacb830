import { Type } from '@sinclair/typebox'
import { MOST_PERMISSIONS, MOST_ROLES, PERMISSION_PATTERN, ROLE_PATTERN } from '../domain/permissions.ts'
import { HIDDEN } from './bad-settings.ts'
import { integer, oneOf, setting } from './setting.ts'
import { readEmail, readJson } from './texts.ts'

/** Passwords, accounts and roles. */
export const PEOPLE_SETTINGS = {
  // The bounds are those of RFC 9106: section 3.1 at the lower end, the first choice of section 4 for memory at the upper.
  ARGON2_MEMORY_KIB: integer({
    description: 'Memory of one password hash in KiB, at least 8 for each lane.',
    default: '19456',
    least: 8,
    most: 2_097_152
  }),
  ARGON2_TIME_COST: integer({
    description: 'Passes of one password hash over its memory.',
    default: '2',
    least: 1,
    most: 100
  }),
  ARGON2_PARALLELISM: integer({
    description: 'Lanes of one password hash.',
    default: '1',
    least: 1,
    most: 64
  }),
  ARGON2_CONCURRENCY: Type.Optional(
    integer({
      description: 'Password hashes that run at once. With UV_THREADPOOL_SIZE of them, files and DNS wait as well.',
      otherwise:
        'as many as there are cores, one less while more than half of the queue waits; at most two less than UV_THREADPOOL_SIZE (4), at least 1',
      least: 1,
      most: 1024
    })
  ),
  ARGON2_QUEUE: integer({
    description: 'Password hashes that wait for their turn; past it the answer is 503.',
    default: '64',
    least: 0,
    most: 100_000
  }),
  // NIST SP 800-63B-4 section 3.1.1.2: never under 8 characters, and 64 must be accepted.
  PASSWORD_MIN_LENGTH: integer({
    description: 'Characters of a password, at least.',
    default: '15',
    least: 8,
    most: 64
  }),
  REGISTRATION: oneOf(['open', 'closed'], {
    description: 'Whether anyone may register, or only administrators make accounts.',
    default: 'open'
  }),
  ROLES: setting(
    Type.Record(Type.String({ pattern: ROLE_PATTERN }), Type.Array(Type.String({ pattern: PERMISSION_PATTERN })), {
      maxProperties: MOST_ROLES,
      additionalProperties: false
    }),
    {
      description:
        'Roles beside admin and the permissions they grant; admin has those of the service and may get more.',
      default: '{}',
      takes:
        `a JSON object, role → list of permissions, {"editor": ["posts:write"]}: at most ${MOST_ROLES} roles and ` +
        `${MOST_PERMISSIONS} permissions in all, names of at most 40 characters, permissions in lower case`,
      read: readJson
    }
  ),
  BOOTSTRAP_ADMIN_EMAIL: setting(Type.Optional(Type.String()), {
    description: 'The address of the first administrator, who is made when there is none.',
    otherwise: 'none',
    takes: 'an e-mail address, together with BOOTSTRAP_ADMIN_PASSWORD',
    read: readEmail
  }),
  BOOTSTRAP_ADMIN_PASSWORD: setting(Type.Optional(Type.String()), {
    description: 'The password of the first administrator, by the rules for every password.',
    otherwise: 'none',
    takes: 'a password without NUL, together with BOOTSTRAP_ADMIN_EMAIL',
    // No request may carry a NUL, so nobody could sign in with it.
    read: (text) => (text.includes('\0') ? undefined : text),
    show: () => HIDDEN
  })
}
