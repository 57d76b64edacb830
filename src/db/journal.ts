import { sql } from 'drizzle-orm'
import type { Revocation } from '../domain/revocation-index.ts'
import type { Database, Listening, Row } from './database.ts'
import { milliseconds } from './decode.ts'
import { codeOf } from './outage.ts'
import { readRevocation, revocationOf } from './statements.ts'

/** How far the journal has been read; the same on every instance. */
export interface Position {
  /** The life of the database server: transaction ids of another one, or from before a restored backup, mean nothing here. */
  readonly epoch: string
  /** What had been committed: a pg_snapshot, as text. */
  readonly snapshot: string
}

export interface Reading {
  readonly entries: readonly Revocation[]
  /** Everything that had been committed before this position has now been read. */
  readonly position: Position
  /** The database's time when the reading began, in milliseconds since the epoch: all until then is in it. */
  readonly now: number
}

export interface Journal {
  /** All live entries, given to `onEntries` in parts, and how far that is. */
  load(onEntries: (entries: readonly Revocation[]) => void): Promise<Position>
  /** The live entries that were committed since; null where the position is not one of this database. */
  readSince(position: Position): Promise<Reading | null>
  /** Hears every entry as it is committed, from now on; `onListening` as in `Database.listen`. */
  listen(onEntry: (entry: Revocation) => void, onListening: () => void): Promise<Listening>
}

/** Rows that one statement reads at most while all are loaded: 2 MB, and a few milliseconds of this process. */
const PART = 10_000
const COLUMNS = sql`r.kind, r.id, r.stale_below, r.revoked_below, ${milliseconds(sql`r.until`)} as until`

/**
 * A position is the snapshot that was read, since no number would do: those of a sequence are not handed out in the order of
 * commits, so that an entry could be passed by for ever. What is new is what that snapshot did not see.
 * (An engine without transaction ids needs its commit timestamps here, and without a server's life something else that a
 * restored backup does not bring back.)
 */
const HERE = sql`
  pg_current_snapshot()::text as snapshot,
  (extract(epoch from pg_postmaster_start_time()) * 1000000)::bigint::text as epoch,
  pg_is_in_recovery() as standby,
  ${milliseconds(sql`statement_timestamp()`)} as now`

export function createJournal(database: Database): Journal {
  /** A standby shows what it has been told so far: its view may be any age, and look fresh. */
  function assertPrimary(here: Row | undefined): void {
    if (here?.['standby'] !== true) return
    database.renewAside()
    throw new Error('The database is a standby: what has been revoked is known to its primary.')
  }

  return {
    async load(onEntries) {
      // First how far, then all: what is committed in between is seen twice or later, and never missed.
      const [here] = await database.runAside(sql`select ${HERE}`)
      assertPrimary(here)
      for (let last = '0'; ;) {
        const rows = await database.runAside(sql`
          select r.seq::text as seq, ${COLUMNS} from revocations r
          where r.seq > ${last}::bigint and r.until > statement_timestamp() order by r.seq limit ${sql.raw(String(PART))}`)
        onEntries(rows.map(entryOf))
        if (rows.length < PART) break
        last = String(rows.at(-1)?.['seq'])
      }
      return positionOf(here)
    },

    async readSince({ epoch, snapshot }) {
      const since = sql`${snapshot}::pg_snapshot`
      const rows = await unlessNoPosition(
        database.runAside(sql`
          select h.*, pg_snapshot_xmax(${since}) <= pg_snapshot_xmax(h.snapshot::pg_snapshot) as passed, ${COLUMNS}
          from (select ${HERE}) h
          left join revocations r on r.xid >= pg_snapshot_xmin(${since}) and not pg_visible_in_snapshot(r.xid, ${since})
            and r.until > statement_timestamp()`)
      )
      const here = rows?.[0]
      assertPrimary(here)
      if (rows === null || here?.['passed'] !== true || here['epoch'] !== epoch) return null
      const entries = rows.filter((row) => row['kind'] !== null).map(entryOf)
      return { entries, position: positionOf(here), now: Number(here['now']) }
    },

    listen: (onEntry, onListening) =>
      database.listen('latchkey_revocations', (payload) => onEntry(readRevocation(payload)), onListening)
  }
}

const entryOf = (row: Row): Revocation => revocationOf(row as unknown as Parameters<typeof revocationOf>[0])

function positionOf(here: Row | undefined): Position {
  if (here === undefined) throw new Error('The journal said nothing.')
  return { epoch: String(here['epoch']), snapshot: String(here['snapshot']) }
}

/** Null where what was given as a snapshot is none (SQLSTATE 22P02): positions come from outside, too. */
async function unlessNoPosition<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (codeOf(error) === '22P02') return null
    throw error
  }
}
