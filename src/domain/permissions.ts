/** What the service itself asks for on its own routes. */
export const SERVICE_PERMISSIONS = [
  'users:read',
  'audit:read',
  'tokens:introspect',
  'tokens:revoke',
  'revocations:read',
  'metrics:read'
] as const
export type ServicePermission = (typeof SERVICE_PERMISSIONS)[number]

/** Holds every permission of the service, and is the only role that exists without being configured. */
export const ADMIN = 'admin'

/** A permission is `word:word`; a scope token (RFC 6749 section 3.3) narrowed to what needs no escaping anywhere. */
export const PERMISSION_PATTERN = '^(?=.{3,40}$)[a-z0-9][a-z0-9_.-]*:[a-z0-9][a-z0-9_.-]*$'
export const ROLE_PATTERN = '^[A-Za-z][A-Za-z0-9_.-]{0,39}$'

/** Most roles that ROLES may define and one user may have, and most permissions that they may grant together: a token stays under 8 KiB. */
export const MOST_ROLES = 50
export const MOST_PERMISSIONS = 50

/** Which permissions each role grants; ADMIN's are added by `createRoleBook`. */
export type RolePermissions = Readonly<Record<string, readonly string[]>>

export interface RoleBook {
  readonly names: ReadonlySet<string>
  /** The permissions that these roles grant together, sorted, each once. A role that is not (or no longer) defined grants nothing. */
  permissionsOf(roles: readonly string[]): readonly string[]
}

/** ADMIN may be given more permissions by configuration, never fewer. */
export function createRoleBook(configured: RolePermissions): RoleBook {
  const book = new Map(Object.entries(configured))
  book.set(ADMIN, [...SERVICE_PERMISSIONS, ...(book.get(ADMIN) ?? [])])
  return {
    names: new Set(book.keys()),
    permissionsOf: (roles) => [...new Set(roles.flatMap((role) => book.get(role) ?? []))].sort()
  }
}
