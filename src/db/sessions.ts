import { sql, type SQL } from 'drizzle-orm'
import { sessions, users } from '../../drizzle/schema.ts'
import type { Act } from '../domain/act.ts'
import type { RefreshToken } from '../domain/refresh-token.ts'
import type { Database } from './database.ts'
import { columnsOf, milliseconds } from './decode.ts'
import type { Delivery, Grant } from '../domain/records.ts'
import { grantOf } from './records.ts'
import {
  auditOf,
  idParameter,
  journalOf,
  REMEMBERED_UNTIL,
  REVOKED,
  revokedBy,
  seconds,
  SESSION_LIVES,
  type Revoked
} from './statements.ts'

/** A session that is about to be opened. */
export interface NewSession {
  readonly id: string
  readonly delivery: Delivery
  readonly seed: Uint8Array
  readonly refreshKid: string
  readonly userAgent: string | null
}

export interface SessionLimits {
  readonly idleSeconds: number
  readonly maxSeconds: number
  /** How long the refresh token just replaced is answered with the same successor. */
  readonly graceSeconds: number
}

export type Refreshed =
  { readonly verdict: 'turn' | 'again'; readonly grant: Grant } | { readonly verdict: 'over' | 'reuse' }

/** An access token that is denied by itself, whatever becomes of its session. */
export interface DeniedToken {
  readonly jti: string
  readonly subject: string
  /** `exp`, in seconds since the epoch. */
  readonly expiresAt: number
}

export interface SessionRepository {
  /** Turns the session on by one refresh token, or answers one that was just replaced again; any older one ends it. */
  refresh(token: RefreshToken, act: Act): Promise<Refreshed>
  /** Ends a session that an access token names, and denies the token; nothing where both were over already. */
  end(sessionId: string, denied: DeniedToken, act: Act): Promise<void>
  /** Ends the session that a refresh token of it, however old, names. Where nobody else is the actor, its user signed out. */
  endByRefreshToken(token: RefreshToken, act: Act): Promise<void>
  /** The caller's session, where it still lives. */
  find(sessionId: string): Promise<Grant | null>
}

/** A data-modifying part that opens a session for the user in `source`, at the token version that `version` names. */
export const openingOf = (
  session: NewSession,
  limits: SessionLimits,
  act: Act,
  source: string,
  version: string
): SQL => sql`
  insert into sessions (id, user_id, delivery, opened_version, seed, refresh_kid, idle_expires_at, expires_at, ip, user_agent)
  select ${session.id}::uuid, id, ${session.delivery}::text, ${sql.raw(version)}, ${session.seed}::bytea, ${session.refreshKid}::text,
         clock_timestamp() + least(${seconds(limits.idleSeconds)}, ${seconds(limits.maxSeconds)}),
         clock_timestamp() + ${seconds(limits.maxSeconds)}, ${act.ip}::text, ${session.userAgent}::text
  from ${sql.raw(source)}
  returning *`

/** The columns of a `Grant`, where `u` stands for the user and `s` for the session. */
export const GRANT = sql`${columnsOf(users, 'u')}, ${columnsOf(sessions, 's', 's_')}, ${milliseconds(sql`clock_timestamp()`)} as now`

const PROVEN = (counter: number, proof: Uint8Array) => sql`sha256(seed || int4send(${counter}::int)) = ${proof}::bytea`

export function createSessionRepository(
  database: Database,
  limits: SessionLimits,
  revoked: Revoked
): SessionRepository {
  return {
    async refresh({ kid, sessionId, counter, proof }, act) {
      // The verdict is read off the locked row: who lost a race must see what the winner made of it, not the row as it was.
      const [row] = await database.run(sql`
        with locked as materialized (
          select * from sessions
          where id = ${sessionId} and refresh_kid = ${kid} and ${PROVEN(counter, proof)} for update
        ), judged as (
          select s.*, case
            when not (${SESSION_LIVES}) then 'over'
            when s.counter = ${counter} then 'turn'
            when s.counter - 1 = ${counter} and s.turned_at > clock_timestamp() - ${seconds(limits.graceSeconds)} then 'again'
            when s.counter > ${counter} then 'reuse'
            else 'over' end as verdict
          from locked s join users u on u.id = s.user_id
        ), turned as (
          update sessions set counter = j.counter + 1, turned_at = clock_timestamp(), last_used_at = clock_timestamp(),
            idle_expires_at = least(clock_timestamp() + ${seconds(limits.idleSeconds)}, j.expires_at)
          from judged j where sessions.id = j.id and j.verdict = 'turn'
          returning sessions.*
        ), stolen as (
          update sessions set ended_at = clock_timestamp(), ended_reason = 'theft_assumed'
          from judged j where sessions.id = j.id and j.verdict = 'reuse'
          returning sessions.*
        ), journal as (${journalOf(sql`select 'session', id::text, null, null, ${REMEMBERED_UNTIL} from stolen`)}),
        theft as (${auditOf(act, 'stolen', {
          action: 'session.theft_assumed',
          subject: sql`user_id::text`,
          failed: true,
          detail: sql`jsonb_build_object('session', id)`
        })}),
        audit as (${auditOf(act, 'turned', {
          action: 'session.refreshed',
          actor: sql`user_id::text`,
          subject: sql`user_id::text`,
          detail: sql`jsonb_build_object('session', id)`
        })}),
        s as (
          select ${columnsOf(sessions, 'turned')} from turned
          union all select ${columnsOf(sessions, 'judged')} from judged where verdict <> 'turn'
        )
        select j.verdict, ${GRANT}, ${REVOKED}
        from judged j join s on s.id = j.id join users u on u.id = j.user_id`)
      if (row === undefined) return { verdict: 'over' }
      revoked(revokedBy(row))
      const verdict = row['verdict']
      if (verdict === 'turn' || verdict === 'again') return { verdict, grant: grantOf(row) }
      return { verdict: verdict === 'reuse' ? 'reuse' : 'over' }
    },

    async end(sessionId, { jti, subject, expiresAt }, act) {
      const [row] = await database.run(sql`
        with ended as (
          update sessions set ended_at = clock_timestamp(), ended_reason = 'signed_out'
          where id = ${idParameter(sessionId)} and ended_at is null
          returning id, user_id
        ), denied as (
          insert into denied_tokens (jti, subject, reason, expires_at)
          select ${jti}::text, ${subject}::text, 'signed_out', greatest(to_timestamp(${expiresAt}::float8), clock_timestamp())
          where to_timestamp(${expiresAt}::float8) > clock_timestamp() - interval '1 minute'
          on conflict (jti) do nothing
          returning jti
        ), journal as (${journalOf(sql`
          select 'session', id::text, null::int, null::int, ${REMEMBERED_UNTIL} from ended
          union all select 'token', jti, null, null, ${REMEMBERED_UNTIL} from denied`)}),
        audit as (${SIGNED_OUT(act)})
        select ${REVOKED}`)
      revoked(revokedBy(row))
    },

    async endByRefreshToken({ kid, sessionId, counter, proof }, act) {
      const [row] = await database.run(sql`
        with ended as (
          update sessions set ended_at = clock_timestamp(), ended_reason = ${act.actor === null ? 'signed_out' : 'revoked'}::text
          where id = ${sessionId} and refresh_kid = ${kid} and ended_at is null and ${PROVEN(counter, proof)}
          returning id, user_id
        ), journal as (${journalOf(sql`select 'session', id::text, null, null, ${REMEMBERED_UNTIL} from ended`)}),
        audit as (${act.actor === null ? SIGNED_OUT(act) : ENDED(act)})
        select ${REVOKED}`)
      revoked(revokedBy(row))
    },

    async find(sessionId) {
      const [row] = await database.run(sql`
        select ${GRANT} from sessions s join users u on u.id = s.user_id
        where s.id = ${idParameter(sessionId)} and ${SESSION_LIVES}`)
      return row === undefined ? null : grantOf(row)
    }
  }
}

const OF_SESSION = { subject: sql`user_id::text`, detail: sql`jsonb_build_object('session', id)` }
const SIGNED_OUT = (act: Act) =>
  auditOf(act, 'ended', { ...OF_SESSION, action: 'user.signed_out', actor: sql`user_id::text` })
/** By somebody who is not its user, and is named. */
const ENDED = (act: Act) => auditOf(act, 'ended', { ...OF_SESSION, action: 'session.ended' })
