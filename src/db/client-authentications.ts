import { sql } from 'drizzle-orm'
import { clients } from '../../drizzle/schema.ts'
import type { Act } from '../domain/act.ts'
import type { ProvenClient } from '../domain/held-clients.ts'
import type { ClientRecord } from '../domain/records.ts'
import type { Bucket } from '../domain/throttle.ts'
import type { Database, Row } from './database.ts'
import { columnsOf, decode, milliseconds } from './decode.ts'
import { auditOf, idParameter } from './statements.ts'
import { bucketRows } from './throttles.ts'

/** Who the client is, as a statement found it, now or a moment ago. */
export interface AuthenticatedClient {
  readonly client: ClientRecord
  /** The database's time, in milliseconds since the epoch: `iat` and `exp` are counted from it. */
  readonly now: number
}

/** Why a client is not who it says. */
export type NoClient = 'unknown_client' | 'disabled' | 'wrong_secret' | 'wrong_assertion' | 'used_assertion'

export type Authenticated<Client extends AuthenticatedClient = AuthenticatedClient> =
  Client | { readonly failed: NoClient }

export interface ClientAuthentications {
  /** Finds the client whose secret has this hash. Notes when the secret was used, to the minute. */
  bySecret(clientId: string, hash: Uint8Array): Promise<Authenticated<ProvenClient>>
  /**
   * Takes an assertion whose signature was good under `publicJwk`, where that is still the client's key and the assertion was
   * not used before, on any instance.
   *
   * @param expiresAt seconds since the epoch; it is remembered until then, and somewhat longer
   */
  byAssertion(
    client: { readonly id: string; readonly publicJwk: Readonly<Record<string, string>> },
    assertion: { readonly hash: Uint8Array; readonly expiresAt: number }
  ): Promise<Authenticated>
  /**
   * Counts a failure, and writes it to the audit trail unless too much has failed already.
   *
   * @returns seconds after which to try again, where too much has; null where not
   */
  fail(buckets: readonly Bucket[], clientId: string, reason: NoClient, act: Act): Promise<number | null>
}

const NOW = sql`${milliseconds(sql`clock_timestamp()`)} as now`
/** Seconds for which an assertion is remembered beyond its expiry: more than any leeway. */
const MARGIN = sql.raw(`interval '60 seconds'`)
const USED_EACH = sql.raw(`interval '1 minute'`)

export function createClientAuthentications(database: Database): ClientAuthentications {
  return {
    async bySecret(clientId, hash) {
      // Only one of many at once writes when it was used, and the others do not wait for it.
      const [row] = await database.run(sql`
        with c as materialized (select * from clients where id = ${idParameter(clientId)}),
        s as materialized (
          select s.id, s.last_used_at from client_secrets s join c on c.id = s.client_id
          where s.secret_hash = ${hash}::bytea and c.disabled_at is null
        ), used as (
          update client_secrets set last_used_at = clock_timestamp() where id in (
            select id from client_secrets where id = (select id from s)
              and (last_used_at is null or last_used_at < clock_timestamp() - ${USED_EACH})
            for update skip locked)
          returning last_used_at
        )
        select ${columnsOf(clients, 'c')}, exists (select from s) as proven, ${NOW},
          (select ${milliseconds(sql`greatest(s.last_used_at, u.last_used_at) + ${USED_EACH}`)}
           from s left join used u on true) as quiet_until
        from c`)
      if (row === undefined) return { failed: 'unknown_client' }
      // There is no time where another statement is writing down the first use at this instant: 0 is over.
      if (row['proven'] === true) return { ...authenticatedOf(row), quietUntil: Number(row['quiet_until'] ?? 0) }
      return { failed: row['disabled_at'] === null ? 'wrong_secret' : 'disabled' }
    },

    async byAssertion({ id, publicJwk }, { hash, expiresAt }) {
      const [row] = await database.run(sql`
        with c as materialized (
          select * from clients
          where id = ${idParameter(id)} and disabled_at is null and public_jwk = ${JSON.stringify(publicJwk)}::jsonb
        ), used as (
          insert into used_assertions (assertion_hash, expires_at)
          select ${hash}::bytea, to_timestamp(${expiresAt}::float8) + ${MARGIN} from c
          on conflict (assertion_hash) do nothing returning assertion_hash
        )
        select ${columnsOf(clients, 'c')}, exists (select from used) as proven, ${NOW} from c`)
      if (row === undefined) return { failed: 'disabled' }
      return row['proven'] === true ? authenticatedOf(row) : { failed: 'used_assertion' }
    },

    async fail(buckets, clientId, reason, act) {
      // An id that nobody has is not written down: it may be anything, a secret in the wrong field for one.
      const [row] = await database.run(sql`
        with buckets as (${bucketRows(buckets)}),
        counted as (
          insert into throttles as t (key, pending, failures, expires_at)
          select key, 0, 1, clock_timestamp() + window_seconds * interval '1 second' from buckets order by key
          on conflict (key) do update set
            failures = case when t.expires_at <= clock_timestamp() then 1 else t.failures + 1 end,
            expires_at = case when t.expires_at <= clock_timestamp() then excluded.expires_at else t.expires_at end
          returning key, failures, expires_at
        ), verdict as (
          select max(ceil(greatest(1, extract(epoch from counted.expires_at - clock_timestamp()))))::int as wait
          from counted join buckets on buckets.key = counted.key where counted.failures > buckets.most_failures
        ), about as (
          select (select id::text from clients where id = ${idParameter(clientId)}) as id from verdict where wait is null
        ), audit as (${auditOf(act, 'about', {
          action: 'client.authentication_failed',
          subject: sql`id`,
          failed: true,
          detail: sql`jsonb_build_object('reason', ${reason}::text)`
        })})
        select wait from verdict`)
      const wait = row?.['wait'] ?? null
      return wait === null ? null : Number(wait)
    }
  }
}

const authenticatedOf = (row: Row): AuthenticatedClient => ({
  client: decode(clients, row),
  now: Number(row['now'])
})
