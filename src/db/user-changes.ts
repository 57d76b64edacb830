import { sql, type SQL } from 'drizzle-orm'
import { users } from '../../drizzle/schema.ts'
import type { Act } from '../domain/act.ts'
import { ADMIN } from '../domain/permissions.ts'
import type { Database } from './database.ts'
import { columnsOf, decode } from './decode.ts'
import { unlessGone } from './outage.ts'
import type { UserRecord } from '../domain/records.ts'
import {
  auditOf,
  HIGHEST_VERSION,
  idParameter,
  journalOf,
  REMEMBERED_UNTIL,
  REVOKED,
  revokedBy,
  seconds,
  type Revoked
} from './statements.ts'
import { ADMIN_ENABLED, rolesParameter, type NewResetToken } from './users.ts'

export interface UserChange {
  /** Sorted, each once. */
  readonly roles?: readonly string[] | undefined
  readonly disabled?: boolean | undefined
  /** Null takes the name away; undefined leaves it. */
  readonly displayName?: string | null | undefined
}

export type Changed =
  { readonly verdict: 'changed'; readonly user: UserRecord } | { readonly verdict: 'missing' | 'last_admin' }

export interface UserChanges {
  /** Changes a user; tokens already issued are stale after a change of roles, and over after disabling, as is every session. */
  change(id: string, change: UserChange, act: Act): Promise<Changed>
  /** Removes a user with everything that is the user's; with `verifiedHash` only while that is the stored hash. */
  remove(id: string, act: Act, verifiedHash?: string): Promise<'removed' | 'missing' | 'last_admin'>
  /** Ends every session and token of a user. False where there is no such user. */
  revoke(id: string, action: 'user.signed_out_everywhere' | 'user.revoked', act: Act): Promise<boolean>
  /** Makes a one-use token to set a password with. False where there is no such user. */
  openReset(id: string, reset: NewResetToken, act: Act): Promise<boolean>
}

/**
 * The user, and where the change might take away an administrator every other one, locked in one order: a count of rows
 * that others are changing at the same time counts what is about to be gone, and two orders are a deadlock.
 */
const lockedWithAdmins = (id: string, mayTakeAdmin: boolean) => sql`
  select * from users
  where id = ${idParameter(id)} or (${mayTakeAdmin}::boolean and ${ADMIN_ENABLED})
  order by id for no key update`

const OTHER_ADMIN = (id: string) => sql`exists (select from locked where id::text <> ${id} and ${ADMIN_ENABLED})`

/** A journal entry for a user whose tokens and sessions are all over. */
const subjectOver = (source: string, floor: SQL) =>
  journalOf(sql`select 'subject', id::text, null::int, ${floor}, ${REMEMBERED_UNTIL} from ${sql.raw(source)}`)

export function createUserChanges(database: Database, revoked: Revoked): UserChanges {
  return {
    async change(id, { roles, disabled, displayName }, act) {
      const mayTakeAdmin = disabled === true || (roles !== undefined && !roles.includes(ADMIN))
      const [row] = await database.run(sql`
        with locked as materialized (${lockedWithAdmins(id, mayTakeAdmin)}),
        planned as (
          select l.*,
            coalesce(${roles === undefined ? null : rolesParameter(roles)}, l.roles) as new_roles,
            case when ${disabled ?? null}::boolean is null then l.disabled_at
                 when ${disabled ?? null}::boolean then coalesce(l.disabled_at, clock_timestamp()) end as new_disabled_at,
            case when ${displayName !== undefined}::boolean then ${displayName ?? null}::text else l.display_name end as new_display_name
          from locked l where l.id::text = ${id}
        ), judged as (
          select p.*,
            p.new_roles is distinct from p.roles as roles_change,
            p.disabled_at is null and p.new_disabled_at is not null as disables,
            p.disabled_at is not null and p.new_disabled_at is null as enables,
            p.new_display_name is distinct from p.display_name as renames,
            (${ADMIN_ENABLED}) and not (p.new_roles @> array[${ADMIN}]::text[] and p.new_disabled_at is null)
              and not ${OTHER_ADMIN(id)} as last_admin
          from planned p
        ), changed as (
          update users u set
            roles = j.new_roles, disabled_at = j.new_disabled_at, display_name = j.new_display_name,
            token_version = j.token_version + (j.roles_change or j.disables)::int,
            sessions_floor = case when j.disables then j.token_version + 1 else j.sessions_floor end,
            updated_at = case when j.roles_change or j.disables or j.enables or j.renames then clock_timestamp() else j.updated_at end
          from judged j where u.id = j.id and not j.last_admin
          returning u.*
        ), seen as (
          select c.*, j.roles as old_roles, j.roles_change, j.disables, j.enables, j.renames from changed c join judged j on j.id = c.id
        ), journal as (${journalOf(sql`
          select 'subject', id::text, token_version, case when disables then token_version end, ${REMEMBERED_UNTIL}
          from seen where roles_change or disables`)}),
        a1 as (${auditOf(act, 'seen where roles_change', {
          action: 'user.roles_changed',
          subject: sql`id::text`,
          detail: sql`jsonb_build_object('from', old_roles, 'to', roles)`
        })}),
        a2 as (${auditOf(act, 'seen where disables', { action: 'user.disabled', subject: sql`id::text` })}),
        a3 as (${auditOf(act, 'seen where enables', { action: 'user.enabled', subject: sql`id::text` })}),
        a4 as (${auditOf(act, 'seen where renames', { action: 'user.renamed', subject: sql`id::text` })})
        select j.last_admin, ${columnsOf(users, 'c')}, ${REVOKED} from judged j left join changed c on c.id = j.id`)
      if (row === undefined) return { verdict: 'missing' }
      if (row['last_admin'] === true) return { verdict: 'last_admin' }
      revoked(revokedBy(row))
      return { verdict: 'changed', user: decode(users, row) }
    },

    async remove(id, act, verifiedHash) {
      const [row] = await database.run(sql`
        with locked as materialized (${lockedWithAdmins(id, true)}),
        judged as (
          select id, (${ADMIN_ENABLED}) and not ${OTHER_ADMIN(id)} as last_admin from locked
          where id::text = ${id} and (${verifiedHash ?? null}::text is null or password_hash = ${verifiedHash ?? null}::text)
        ), removed as (
          delete from users u using judged j where u.id = j.id and not j.last_admin returning u.id
        ), journal as (${subjectOver('removed', sql`${HIGHEST_VERSION}::int`)}),
        audit as (${auditOf(act, 'removed', { action: 'user.deleted', subject: sql`id::text` })})
        select last_admin, ${REVOKED} from judged`)
      if (row === undefined) return 'missing'
      if (row['last_admin'] === true) return 'last_admin'
      revoked(revokedBy(row))
      return 'removed'
    },

    async revoke(id, action, act) {
      const [row] = await database.run(sql`
        with over as (
          update users set token_version = token_version + 1, sessions_floor = token_version + 1
          where id = ${idParameter(id)} returning id, token_version
        ), journal as (${subjectOver('over', sql`token_version`)}),
        audit as (${auditOf(act, 'over', { action, subject: sql`id::text` })})
        select over.id, ${REVOKED} from over`)
      revoked(revokedBy(row))
      return row !== undefined
    },

    async openReset(id, { hash, lifetimeSeconds }, act) {
      const rows = await unlessGone(
        database.run(sql`
        with made as (
          insert into reset_tokens (token_hash, user_id, expires_at)
          select ${hash}::bytea, id, clock_timestamp() + ${seconds(lifetimeSeconds)} from users where id = ${idParameter(id)}
          returning user_id
        ), audit as (${auditOf(act, 'made', { action: 'user.password_reset_opened', subject: sql`user_id::text` })})
        select user_id from made`)
      )
      return rows?.[0] !== undefined
    }
  }
}
