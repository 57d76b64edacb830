import type { Caller } from '../domain/caller.ts'
import { Problem } from '../domain/problems.ts'

/**
 * What a guard lets its handler read from the request, one bit each: a request notes what has been proved about it in
 * one small integer, without allocating. `decision` is not for handlers: it says that the route's own guards have run.
 */
export const GIVES = { user: 1, maybeUser: 2, service: 4, caller: 8, decision: 16 } as const

/** What a guard asks of its caller, as data: the check and the OpenAPI document are both made from it. */
export interface Policy {
  /** Whether a credential is looked at, and refused when it is bad. Only `anyone` looks at none. */
  readonly verifies: boolean
  /** Whether nobody is refused. */
  readonly required: boolean
  readonly users: boolean
  /** Whether users of other issuers come in where users do. */
  readonly externals: boolean
  readonly services: boolean
  /** One role of each list. */
  readonly roles: readonly (readonly string[])[]
  /** All of them. */
  readonly permissions: readonly string[]
  /** Members of GIVES, or-ed. */
  readonly gives: number
}

/** What several guards ask together: a guard can only add to what another asks. */
export function combine(policies: readonly [Policy, ...Policy[]]): Policy {
  return {
    verifies: policies.some((policy) => policy.verifies),
    required: policies.some((policy) => policy.required),
    users: policies.every((policy) => policy.users),
    externals: policies.every((policy) => policy.externals),
    services: policies.every((policy) => policy.services),
    roles: policies.flatMap((policy) => policy.roles),
    permissions: [...new Set(policies.flatMap((policy) => policy.permissions))],
    gives: policies.reduce((all, policy) => all | policy.gives, 0)
  }
}

/**
 * Returns when the caller meets the policy, throws `unauthenticated` or `forbidden` when not. `null` is nobody: no
 * credential was sent; a bad one has been refused before. Runs on every guarded request: loops, no closures.
 */
export function judge(policy: Policy, caller: Caller | null): void {
  if (caller === null) {
    if (policy.required) throw new Problem('unauthenticated')
    return
  }
  if (caller.kind === 'user' ? !policy.users : !policy.services) {
    throw new Problem('forbidden', { detail: `This is not for a ${caller.kind}.` })
  }
  if (caller.kind === 'user' && caller.sessionId === null && !policy.externals) {
    throw new Problem('forbidden', { detail: 'This is for users of this service alone.' })
  }
  for (const group of policy.roles) {
    if (caller.kind !== 'user' || !holdsOne(caller.roles, group)) throw new Problem('forbidden')
  }
  for (const permission of policy.permissions) {
    // All that would have sufficed, not only the one that is missing (RFC 6750 section 3.1).
    if (!caller.permissions.includes(permission))
      throw new Problem('forbidden', { scope: policy.permissions.join(' ') })
  }
}

function holdsOne(held: readonly string[], wanted: readonly string[]): boolean {
  for (const role of wanted) if (held.includes(role)) return true
  return false
}
