import { sql, type SQL } from 'drizzle-orm'
import { keys } from '../../drizzle/schema.ts'
import type { Act } from '../domain/act.ts'
import { VERIFIES_AFTER_SECONDS, type Turn } from '../domain/key-life.ts'
import type { NewKey, StoredKey } from '../domain/keys.ts'
import type { Database } from './database.ts'
import { columnsOf, decode, milliseconds } from './decode.ts'
import { unlessTaken } from './outage.ts'
import { auditOf, journalOf, REMEMBERED_UNTIL, REVOKED, revokedBy, type Revoked } from './statements.ts'

export interface KeyReading {
  readonly keys: readonly StoredKey[]
  /** The database's time, in milliseconds since the epoch. */
  readonly now: number
}

/** A key to be stored where there is none of its kind in that place. */
export interface Addition {
  readonly key: NewKey
  /** Whether it is used from now on; a next key is not. */
  readonly inUse: boolean
}

export interface KeyRepository {
  /** All that are stored, revoked ones as well. */
  read(): Promise<KeyReading>
  /** Stores what there is none of; what another instance has stored meanwhile is left as it is. */
  add(additions: readonly Addition[]): Promise<void>
  /** Lets the next key take over, and stores the one that comes after it. Null where it is not that one's turn any more. */
  turn(turn: Turn, following: NewKey, act: Act): Promise<StoredKey | null>
  /**
   * Revokes a signing key; where it was the current one, the next takes its place at once, or `substitute` where there is
   * none. Null where something else came in between; false where there is no such key.
   */
  revoke(kid: string, substitute: NewKey, act: Act): Promise<boolean | null>
  /** Stores the same key under another root secret; false where it was sealed anew meanwhile. */
  reseal(kid: string, sealedUnder: string, resealed: Pick<NewKey, 'sealed' | 'sealedUnder'>): Promise<boolean>
}

const STORED = sql.raw(
  'kid, purpose, algorithm, generation, public_jwk, sealed, sealed_under, published_at, signs_from'
)
const IS_NEXT = sql.raw('signs_from is null and revoked_at is null')
const IS_CURRENT = sql.raw('signs_from is not null and signs_until is null and revoked_at is null')
const VERIFIES_UNTIL = sql.raw(`clock_timestamp() + interval '${VERIFIES_AFTER_SECONDS} seconds'`)
/**
 * Every signing key, locked in one order: of two changes at once the second sees what the first has made of them. Keys that
 * the first stored it does not see, and takes a generation that is taken: see `unlessTaken`.
 */
const LOCKED = sql`select * from keys where purpose = 'sign' order by kid for update`

/** The values of a row of `keys`; `nth` of those of its kind that one statement stores. */
const rowOf = ({ kid, purpose, algorithm, publicJwk, sealed, sealedUnder }: NewKey, signsFrom: SQL, nth = 1) => sql`
  ${kid}::text, ${purpose}::text, ${algorithm}::text,
  coalesce((select max(generation) from keys where purpose = ${purpose}::text and algorithm = ${algorithm}::text), 0) + ${nth}::int,
  ${publicJwk === null ? null : JSON.stringify(publicJwk)}::jsonb, ${sealed}::bytea, ${sealedUnder}::text, now(), ${signsFrom}`

export function createKeyRepository(database: Database, revoked: Revoked): KeyRepository {
  return {
    async read() {
      const rows = await database.run(sql`
        select n.now, ${columnsOf(keys, 'k')}
        from (select ${milliseconds(sql`clock_timestamp()`)} as now) n left join keys k on true order by k.kid`)
      const stored = rows.filter((row) => row['kid'] !== null).map((row) => decode(keys, row))
      return { keys: stored, now: Number(rows[0]?.['now']) }
    },

    async add(additions) {
      const counted = new Map<string, number>()
      const rows = additions.map(({ key, inUse }) => {
        const { purpose, algorithm } = key
        const nth = (counted.get(purpose + algorithm) ?? 0) + 1
        counted.set(purpose + algorithm, nth)
        // One key is current, whatever its algorithm; a next one there is of each.
        const sameKind = inUse ? IS_CURRENT : sql`algorithm = ${algorithm}::text and ${IS_NEXT}`
        return sql`select ${rowOf(key, inUse ? sql`now()` : sql`null::timestamptz`, nth)}
          where not exists (select from keys where purpose = ${purpose}::text and ${sameKind})`
      })
      await database.run(sql`
        insert into keys (${STORED}) ${sql.join(rows, sql` union all `)}
        on conflict (purpose, algorithm, generation) do nothing`)
    },

    async turn({ from, to }, following, act) {
      const rows = await unlessTaken(
        database.run(sql`
        with locked as materialized (${LOCKED}),
        turn as (
          select n.kid, n.algorithm, c.kid as before from locked n, locked c
          where n.kid = ${to}::text and n.signs_from is null and n.revoked_at is null
            and c.kid = ${from}::text and c.signs_until is null and c.revoked_at is null
        ), turned as (
          update keys set signs_from = clock_timestamp() from turn where keys.kid = turn.kid returning keys.*
        ), retired as (
          update keys set signs_until = clock_timestamp(), verifies_until = ${VERIFIES_UNTIL}
          from turn where keys.purpose = 'sign' and keys.kid <> turn.kid and ${IS_CURRENT}
        ), followed as (insert into keys (${STORED}) select ${rowOf(following, sql`null::timestamptz`)} from turn),
        audit as (${auditOf(act, 'turn', {
          action: 'key.rotated',
          subject: sql`kid`,
          detail: sql`jsonb_build_object('algorithm', algorithm, 'before', before)`
        })})
        select ${columnsOf(keys, 'turned')} from turned`)
      )
      const row = rows?.[0]
      return row === undefined ? null : decode(keys, row)
    },

    async revoke(kid, substitute, act) {
      const rows = await unlessTaken(
        database.run(sql`
        with locked as materialized (${LOCKED}),
        hit as (select *, ${IS_CURRENT} as signs from locked where kid = ${kid}::text),
        over as (
          update keys set revoked_at = clock_timestamp(), verifies_until = ${REMEMBERED_UNTIL},
            signs_until = case when keys.signs_from is not null then coalesce(keys.signs_until, clock_timestamp()) end
          from hit where keys.kid = hit.kid and hit.revoked_at is null
          returning keys.kid, keys.algorithm, hit.signs
        ), heir as (
          select l.kid from locked l, over
          where over.signs and l.kid <> over.kid and l.signs_from is null and l.revoked_at is null
          order by l.algorithm <> over.algorithm, l.published_at, l.kid limit 1
        ), inherited as (
          update keys set signs_from = clock_timestamp() from heir where keys.kid = heir.kid returning keys.kid
        ), substituted as (
          insert into keys (${STORED}) select ${rowOf(substitute, sql`clock_timestamp()`)}
          from over where over.signs and not exists (select from heir)
          returning kid
        ), journal as (${journalOf(sql`select 'key', kid, null::int, null::int, ${REMEMBERED_UNTIL} from over`)}),
        audit as (${auditOf(act, 'over', {
          action: 'key.revoked',
          subject: sql`kid`,
          detail: sql`jsonb_build_object('algorithm', algorithm, 'signed', signs, 'after', coalesce(
            (select kid from inherited), (select kid from substituted)))`
        })})
        select hit.kid, ${REVOKED} from hit`)
      )
      if (rows === null) return null
      revoked(revokedBy(rows[0]))
      return rows[0] !== undefined
    },

    async reseal(kid, under, { sealed, sealedUnder }) {
      const rows = await database.run(sql`
        update keys set sealed = ${sealed}::bytea, sealed_under = ${sealedUnder}::text
        where kid = ${kid}::text and sealed_under = ${under}::text returning kid`)
      return rows.length > 0
    }
  }
}
