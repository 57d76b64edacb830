import type { DeclaredRoute } from './access.ts'
import type { Guard } from './guard-types.ts'

/** Who may call what: one row for each method and path. */
export interface AccessRow {
  readonly method: string
  /** As declared: `/users/:id`. */
  readonly url: string
  /** As written in the route, floors first: `requireUser and requireRole('admin')`. `none` stops the server's start. */
  readonly guard: string
}

/**
 * The rows of all routes, sorted by path and method. HEAD is left out where it mirrors a GET with the same guard, also the
 * one that Fastify adds for the prefix of a scope with a slash after it.
 */
export function tableOf(routes: readonly DeclaredRoute[]): readonly AccessRow[] {
  const rows = routes.flatMap(({ methods, url, guards }) =>
    methods.map((method) => ({ method, url, guard: guards.length === 0 ? 'none' : labelOf(guards) }))
  )
  const gets = new Set(rows.filter((row) => row.method === 'GET').map((row) => `${row.url} ${row.guard}`))
  return rows
    .filter(({ method, url, guard }) => {
      return method !== 'HEAD' || !(gets.has(`${url} ${guard}`) || gets.has(`${url.replace(/\/$/, '')} ${guard}`))
    })
    .sort((a, b) => compare(a.url, b.url) || compare(a.method, b.method))
}

/** `GET /users/:id` and so on, for messages; sorted and without HEAD as the table is. */
export function namesOf(routes: readonly DeclaredRoute[]): readonly string[] {
  return tableOf(routes).map(({ method, url }) => `${method} ${url}`)
}

/** `anyone` adds nothing to another guard, and is not shown beside one. */
function labelOf(guards: readonly Guard[]): string {
  const labels = [...new Set(guards.map((guard) => guard.label))]
  return (labels.length > 1 ? labels.filter((label) => label !== 'anyone') : labels).join(' and ')
}

/** By code unit, so that the table is the same in every locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
