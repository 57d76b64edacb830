import { sql } from 'drizzle-orm'
import { users } from '../../drizzle/schema.ts'
import type { Act } from '../domain/act.ts'
import type { Device } from '../domain/device-token.ts'
import type { Bucket } from '../domain/throttle.ts'
import type { Database } from './database.ts'
import { columnsOf, decode } from './decode.ts'
import { unlessGone } from './outage.ts'
import type { Grant, UserRecord } from '../domain/records.ts'
import { grantOf } from './records.ts'
import { GRANT, openingOf, type NewSession, type SessionLimits } from './sessions.ts'
import { auditOf } from './statements.ts'
import { bucketRows, ENTER, fail, release, succeed, WAIT } from './throttles.ts'

/** What an attempt to prove a password is counted under, before it is known whose it is. */
export interface Counting {
  readonly stranger: readonly Bucket[]
  /** Used in place of `stranger` where the account that the address names is the device's. */
  readonly device: { readonly of: Device; readonly buckets: readonly Bucket[] } | null
}

/** An attempt under way; exactly one of the methods that settle it must follow. */
export interface Attempt {
  readonly user: UserRecord | null
  /** Seconds after which to try again, where too much has failed already. */
  readonly wait: number | null
  /** What it was entered into. */
  readonly buckets: readonly Bucket[]
  /** What a success ends the runs of, besides. */
  readonly others: readonly Bucket[]
}

export interface SignInRepository {
  /** Finds the account and enters the attempt; a known device is recognised by the account that was found. */
  begin(emailKey: string, counting: Counting): Promise<Attempt>
  /** Enters an attempt of somebody whose account is known. */
  enter(user: UserRecord, buckets: readonly Bucket[]): Promise<Attempt>
  /** Opens a session, where the password that was verified still is the user's; null where it is not. */
  open(attempt: Attempt, opening: Opening, act: Act): Promise<Grant | null>
  /** Counts a failure and writes it to the audit trail. */
  fail(attempt: Attempt, reason: 'unknown_account' | 'wrong_password', act: Act): Promise<void>
  /** Takes the attempt back: it came to no verdict on the password, or a good one that opens nothing. */
  release(attempt: Attempt): Promise<void>
}

export interface Opening {
  readonly userId: string
  /** The stored hash that the password was verified against. */
  readonly verifiedHash: string
  /** A new hash of the same password, where the stored one is outdated. */
  readonly rehashed: string | null
  readonly session: NewSession
}

export function createSignInRepository(database: Database, limits: SessionLimits): SignInRepository {
  return {
    async begin(emailKey, { stranger, device }) {
      const ofDevice = device?.buckets ?? []
      const [row] = await database.run(sql`
        with u as materialized (select * from users where email_key = ${emailKey}),
        chosen as (select coalesce((select id::text = ${device?.of.userId ?? null}::text from u), false) as known),
        buckets as (
          select b.* from chosen, (${bucketRows(stranger)}) b where not known
          union all select b.* from chosen, (${bucketRows(ofDevice)}) b where known
        ), entered as (${ENTER})
        select chosen.known, ${WAIT}, ${columnsOf(users, 'u')} from chosen left join u on true`)
      if (row === undefined) throw new Error('An attempt to sign in was not entered.')
      const known = row['known'] === true
      return {
        user: row['id'] === null ? null : decode(users, row),
        wait: row['wait'] === null ? null : Number(row['wait']),
        buckets: known ? ofDevice : stranger,
        others: known ? stranger : ofDevice
      }
    },

    async enter(user, buckets) {
      const [row] = await database.run(sql`
        with buckets as (${bucketRows(buckets)}), entered as (${ENTER}) select ${WAIT}`)
      const wait = row?.['wait'] ?? null
      return { user, wait: wait === null ? null : Number(wait), buckets, others: [] }
    },

    async open({ buckets, others }, { userId, verifiedHash, rehashed, session }, act) {
      const rows = await unlessGone(
        database.run(sql`
        with u as materialized (
          select * from users where id = ${userId} and password_hash = ${verifiedHash} and disabled_at is null
        ), s as (${openingOf(session, limits, act, 'u', 'token_version')}),
        rehashed as (
          update users set password_hash = ${rehashed}::text
          where id = (select id from u) and password_hash = ${verifiedHash} and ${rehashed}::text is not null
          returning id
        ), settled as (${succeed(buckets, others)}),
        audit as (${auditOf(act, 's', {
          action: 'user.signed_in',
          actor: sql`user_id::text`,
          subject: sql`user_id::text`,
          detail: sql`jsonb_build_object('session', id, 'delivery', delivery)`
        })})
        select ${GRANT} from u join s on s.user_id = u.id`)
      )
      const row = rows?.[0]
      return row === undefined ? null : grantOf(row)
    },

    async fail({ user, buckets }, reason, act) {
      // What was typed as the address is not written down: people type passwords there.
      await database.run(sql`
        with settled as (${fail(buckets)}),
        who as (select ${user?.id ?? null}::text as id),
        audit as (${auditOf(act, 'who', {
          action: 'user.sign_in_failed',
          subject: sql`id`,
          failed: true,
          detail: sql`jsonb_build_object('reason', ${reason}::text)`
        })})
        select 1`)
    },

    async release({ buckets }) {
      if (buckets.length > 0) await database.run(release(buckets))
    }
  }
}
