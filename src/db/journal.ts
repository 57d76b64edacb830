import { sql } from 'drizzle-orm'
import type { Revocation } from '../domain/revocation-index.ts'
import type { Database } from './database.ts'
import { milliseconds } from './decode.ts'
import { readRevocation, revocationOf } from './statements.ts'

export interface JournalReading {
  readonly entries: readonly Revocation[]
  /** Where the next reading goes on. */
  readonly horizon: string
  /** The database's time, in milliseconds since the epoch. */
  readonly now: number
}

export interface Journal {
  /** The live entries from `horizon` on, or all of them; some may have been read before. */
  readFrom(horizon: string | null): Promise<JournalReading>
  /** Hears every entry as it is committed, from now on; `onListening` as in `Database.listen`. */
  listen(onEntry: (entry: Revocation) => void, onListening: () => void): Promise<void>
}

/**
 * The horizon is the oldest transaction that was still running: everything older had been committed and was seen, or
 * never will be. A sequence would not do: its numbers are not handed out in the order of commits, so that an entry could
 * be passed by for ever. (An engine without transaction ids needs another horizon: its commit timestamps.)
 */
export function createJournal(database: Database): Journal {
  return {
    async readFrom(horizon) {
      const rows = await database.run(sql`
        select h.horizon, h.now, r.kind, r.id, r.stale_below, r.revoked_below, ${milliseconds(sql`r.until`)} as until
        from (select pg_snapshot_xmin(pg_current_snapshot())::text as horizon,
                     ${milliseconds(sql`clock_timestamp()`)} as now) h
        left join revocations r
          on r.until > clock_timestamp() and (${horizon}::text is null or r.xid >= ${horizon}::text::xid8)`)
      const [first] = rows
      if (first === undefined) throw new Error('The journal gave no horizon.')
      const entries = rows.filter((row) => row['kind'] !== null)
      return {
        entries: entries.map((row) => revocationOf(row as unknown as Parameters<typeof revocationOf>[0])),
        horizon: String(first['horizon']),
        now: Number(first['now'])
      }
    },
    listen: (onEntry, onListening) =>
      database.listen('latchkey_revocations', (payload) => onEntry(readRevocation(payload)), onListening)
  }
}
