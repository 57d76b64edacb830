import { sql, type SQL } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import { LEEWAY_SECONDS, LONGEST_ACCESS_TOKEN_SECONDS } from '../domain/access-token.ts'
import type { Act } from '../domain/act.ts'
import type { Revocation } from '../domain/revocation-index.ts'
import { isUuid } from '../domain/uuid-bytes.ts'
import { milliseconds } from './decode.ts'
import type { Row } from './database.ts'

/** Takes in what a statement revoked, before its caller answers. */
export type Revoked = (entries: readonly Revocation[]) => void

/** Seconds on top, so that a clock that is a little slow forgets nothing early. */
const MARGIN_SECONDS = 60

/** When the last token that an entry can concern has expired, whatever ACCESS_TOKEN_TTL is and was. */
export const REMEMBERED_UNTIL = sql.raw(
  `clock_timestamp() + interval '${LONGEST_ACCESS_TOKEN_SECONDS + LEEWAY_SECONDS + MARGIN_SECONDS} seconds'`
)

/** Above every version: the floor of who is gone. */
export const HIGHEST_VERSION = 2_147_483_647

/** A session that can still be used, where `s` is its row and `u` its user's. */
export const SESSION_LIVES = sql.raw(
  `s.ended_at is null and s.idle_expires_at > clock_timestamp() and s.expires_at > clock_timestamp()` +
    ` and s.opened_version >= u.sessions_floor and u.disabled_at is null`
)

export const seconds = (count: number): SQL => sql`${count}::int * interval '1 second'`

/** An id as a parameter; what is no id is null, which equals none. A cast of the column would keep its index from being used. */
export const idParameter = (id: string): SQL => sql`${isUuid(id) && id === id.toLowerCase() ? id : null}::uuid`

/**
 * A data-modifying part of a statement that writes one audit event for the one row of `source`.
 * The parts of `detail` are expressions over that row; there is never a credential among them.
 */
export function auditOf(
  act: Act,
  source: string,
  event: {
    readonly action: SQL | string
    readonly subject: SQL
    readonly failed?: boolean
    readonly actor?: SQL
    readonly detail?: SQL
  }
): SQL {
  return sql`
    insert into audit_events (id, at, action, actor, subject, outcome, ip, request_id, detail)
    select ${uuidv7()}::uuid, clock_timestamp(), ${event.action}, ${event.actor ?? sql`${act.actor}::text`},
           ${event.subject}, ${event.failed === true ? 'failure' : 'success'}, ${act.ip}::text, ${act.requestId}::text,
           ${event.detail ?? sql`'{}'::jsonb`}
    from ${sql.raw(source)}`
}

/** A data-modifying part of a statement that writes what it revokes to the journal; `entries` selects (kind, id, stale_below, revoked_below, until). */
export const journalOf = (entries: SQL): SQL => sql`
  insert into revocations (kind, id, stale_below, revoked_below, until) ${entries}
  returning kind, id, stale_below, revoked_below, until`

/** What the part named `journal` wrote, as one column `revoked`. */
export const REVOKED = sql`(select coalesce(json_agg(json_build_object(
  'kind', kind, 'id', id, 'stale_below', stale_below, 'revoked_below', revoked_below,
  'until', ${milliseconds(sql`until`)})), '[]'::json) from journal) as revoked`

interface StoredRevocation {
  readonly kind: Revocation['kind']
  readonly id: string
  readonly stale_below: number | null
  readonly revoked_below: number | null
  readonly until: number
}

export const revocationOf = ({ kind, id, stale_below, revoked_below, until }: StoredRevocation): Revocation => ({
  kind,
  id,
  staleBelow: stale_below,
  revokedBelow: revoked_below,
  until
})

/** The entries of the column `revoked`. */
export function revokedBy(row: Row | undefined): readonly Revocation[] {
  const entries = row?.['revoked']
  return Array.isArray(entries) ? entries.map(revocationOf) : []
}

/** Reads an entry as it was announced. */
export const readRevocation = (payload: string): Revocation => revocationOf(JSON.parse(payload) as StoredRevocation)
