import { sql } from 'drizzle-orm'
import { users } from '../../drizzle/schema.ts'
import type { Act } from '../domain/act.ts'
import type { Database } from './database.ts'
import { decode } from './decode.ts'
import type { Grant, UserRecord } from '../domain/records.ts'
import { grantOf } from './records.ts'
import { GRANT, openingOf, type NewSession, type SessionLimits } from './sessions.ts'
import type { Attempt } from './sign-ins.ts'
import { auditOf, idParameter, journalOf, REMEMBERED_UNTIL, REVOKED, revokedBy, type Revoked } from './statements.ts'
import { succeed } from './throttles.ts'

export interface PasswordRepository {
  /**
   * Replaces a password that was just verified, ends every session and token of the user and opens a fresh session.
   * Null where the stored hash is no longer the one that was verified.
   */
  change(attempt: Attempt, change: PasswordChange, act: Act): Promise<Grant | null>
  /** Whose password the reset token sets; null where it is unknown, used or expired. */
  findReset(tokenHash: Uint8Array): Promise<UserRecord | null>
  /** Sets the password with a reset token, once, and ends every session and token of the user. False where it is over. */
  reset(tokenHash: Uint8Array, passwordHash: string, act: Act): Promise<boolean>
}

export interface PasswordChange {
  readonly userId: string
  readonly verifiedHash: string
  readonly newHash: string
  readonly session: NewSession
}

/** Every token and session so far is below the new version, and no reset token made before sets another password. */
const ENDING = sql.raw(
  `token_version = token_version + 1, sessions_floor = token_version + 1, updated_at = clock_timestamp()`
)
const JOURNAL = journalOf(sql`select 'subject', id::text, null::int, token_version, ${REMEMBERED_UNTIL} from u`)

export function createPasswordRepository(
  database: Database,
  limits: SessionLimits,
  revoked: Revoked
): PasswordRepository {
  return {
    async change({ buckets, others }, { userId, verifiedHash, newHash, session }, act) {
      const [row] = await database.run(sql`
        with u as (
          update users set password_hash = ${newHash}::text, ${ENDING}
          where id = ${idParameter(userId)} and password_hash = ${verifiedHash} and disabled_at is null
          returning *
        ), s as (${openingOf(session, limits, act, 'u', 'token_version')}),
        resets as (delete from reset_tokens where user_id = (select id from u)),
        journal as (${JOURNAL}),
        settled as (${succeed(buckets, others)}),
        audit as (${auditOf(act, 'u', { action: 'user.password_changed', subject: sql`id::text` })})
        select ${GRANT}, ${REVOKED} from u join s on s.user_id = u.id`)
      revoked(revokedBy(row))
      return row === undefined ? null : grantOf(row)
    },

    async findReset(tokenHash) {
      const [row] = await database.run(sql`
        select u.* from users u join reset_tokens r on r.user_id = u.id
        where r.token_hash = ${tokenHash}::bytea and r.expires_at > clock_timestamp()`)
      return row === undefined ? null : decode(users, row)
    },

    async reset(tokenHash, passwordHash, act) {
      // The token is taken first, so that of two who present it at once only one sets a password.
      const [row] = await database.run(sql`
        with token as (
          delete from reset_tokens where token_hash = ${tokenHash}::bytea and expires_at > clock_timestamp()
          returning token_hash, user_id
        ), u as (
          update users set password_hash = ${passwordHash}::text, ${ENDING}
          where id = (select user_id from token)
          returning *
        ), others as (
          delete from reset_tokens where user_id = (select id from u) and token_hash <> ${tokenHash}::bytea
        ), journal as (${JOURNAL}),
        audit as (${auditOf(act, 'u', {
          action: 'user.password_changed',
          subject: sql`id::text`,
          detail: sql`jsonb_build_object('by', 'reset_token')`
        })})
        select u.id, ${REVOKED} from u`)
      revoked(revokedBy(row))
      return row !== undefined
    }
  }
}
