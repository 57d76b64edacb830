import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller, LocalUser, Service, User } from '../domain/caller.ts'
import { PERMISSION_PATTERN, ROLE_PATTERN } from '../domain/permissions.ts'
import { ACCESS, enforce } from './access.ts'
import { GIVES, type Policy } from './access-policy.ts'
import { namesOf } from './access-table.ts'
import type { Guard } from './guard-types.ts'

/** Every guard that was made here. */
const MADE = new WeakSet<object>()

const ANYONE: Policy = {
  verifies: false,
  required: false,
  users: true,
  externals: true,
  services: true,
  roles: [],
  permissions: [],
  gives: 0
}
const USER: Policy = { ...ANYONE, verifies: true, required: true, services: false, gives: GIVES.user }

/** Lets everybody in and looks at no credential: a bad one does no harm, and the handler does not learn who is calling. */
export const anyone: Guard = makeGuard('anyone', ANYONE)

/** Lets users and nobody in, and gives `request.maybeUser`: null only when no credential was sent. A bad one is 401. */
export const maybeUser: Guard<{ readonly maybeUser: User | null }> = makeGuard('maybeUser', {
  ...USER,
  required: false,
  gives: GIVES.maybeUser
})

/** Lets users in and gives `request.user`. Nobody is 401, a service 403. */
export const requireUser: Guard<{ readonly user: User }> = makeGuard('requireUser', USER)

/**
 * As `requireUser`, for users of this service alone: for what is about their own record or session. Users of other issuers,
 * who have neither, are 403, and the handler's type knows of a session only with this guard.
 */
export const requireLocalUser: Guard<{ readonly user: LocalUser }> = makeGuard('requireLocalUser', {
  ...USER,
  externals: false
})

/** Lets services in and gives `request.service`. Nobody is 401, a user 403. */
export const requireService: Guard<{ readonly service: Service }> = makeGuard('requireService', {
  ...USER,
  users: false,
  services: true,
  gives: GIVES.service
})

/** The same names, but for an empty one. */
type Named<Names extends readonly string[]> = { readonly [I in keyof Names]: Names[I] extends '' ? never : Names[I] }

/**
 * Lets users in who have one of these roles, and gives `request.user`. Nobody is 401; a service, and a user without them,
 * is 403. Throws when it is declared without a role or with what cannot be the name of one.
 */
export function requireRole<const Roles extends readonly [string, ...string[]]>(
  ...roles: Roles & Named<Roles>
): Guard<{ readonly user: User }> {
  return makeGuard(written('requireRole', roles, ROLE_PATTERN), { ...USER, roles: [roles] })
}

/**
 * Lets callers in, users and services, who have all these permissions, and gives `request.caller`. Nobody is 401; a caller
 * who lacks one is 403 with `error="insufficient_scope"` (RFC 6750 section 3.1). Throws when it is declared without a
 * permission or with what cannot be the name of one.
 */
export function requirePermission(
  ...permissions: readonly [`${string}:${string}`, ...`${string}:${string}`[]]
): Guard<{ readonly caller: Caller }> {
  const label = written('requirePermission', permissions, PERMISSION_PATTERN)
  return makeGuard(label, { ...USER, services: true, permissions, gives: GIVES.caller })
}

/**
 * Sets a floor for every route of an encapsulated scope and of the scopes within: each such route asks for this guard, and
 * what it declares itself can only add to that. Floors of scopes within add to it as well. The handlers' types do not
 * learn of it: one that reads the user names its guard.
 *
 * Throws when the scope has routes already, naming them, and for a floor of the whole app that lets nobody in without a
 * credential: every route that forgot its guard would be open.
 */
export function guardScope(scope: Pick<FastifyInstance, typeof ACCESS>, guard: Guard): void {
  const access = scope[ACCESS]
  if (access === undefined) throw missingPlugin(`guardScope(…, ${guard.label})`)
  if (scope === access.home && !guard.policy.required) {
    throw new Error(`${guard.label} cannot be the floor of the whole app: set it on a scope of its own.`)
  }
  const early = access.routes.filter(
    (route) => route.scope === scope || Object.prototype.isPrototypeOf.call(scope, route.scope)
  )
  if (early.length > 0) {
    throw new Error(
      `guardScope(…, ${guard.label}) comes before the routes of its scope, not after: ${namesOf(early).join(', ')}`
    )
  }
  access.floors.set(scope, [...(access.floors.get(scope) ?? []), guard])
}

/** Whether a hook is one of the guards above, and not a function that merely has the same members. */
export function isGuard(hook: unknown): hook is Guard {
  return typeof hook === 'function' && MADE.has(hook)
}

/** Run as an ordinary hook, a guard checks there and then; the plugin `auth` takes it out of `preHandler` to check sooner. */
function makeGuard<Gives extends object>(label: string, policy: Policy): Guard<Gives> {
  const guard: Guard<Gives> = Object.assign(
    (request: FastifyRequest, _reply: unknown, done: () => void) => {
      const access = request.server[ACCESS]
      if (access === undefined) throw missingPlugin(label)
      return enforce(policy, access.authenticate, request, done)
    },
    { label, policy: Object.freeze(policy) }
  )
  MADE.add(guard)
  return Object.freeze(guard)
}

/** How the guard is written: `requireRole('admin')`. Refuses a name that nobody can hold, which would shut everybody out. */
function written(guard: string, names: readonly string[], pattern: string): string {
  const label = `${guard}(${names.map((name) => `'${name}'`).join(', ')})`
  const allowed = new RegExp(pattern)
  if (names.length === 0 || !names.every((name) => allowed.test(name))) {
    throw new TypeError(`${label}: give one name or more, each of the form ${pattern}`)
  }
  return label
}

function missingPlugin(who: string): Error {
  return new Error(`${who} needs the plugin 'auth', which is not registered here.`)
}
