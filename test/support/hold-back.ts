import postgres from 'postgres'
import type { Test } from './database.ts'

type Table = 'users' | 'keys' | 'client_secrets' | 'used_assertions'

/** A connection of the test's own to a PostgreSQL database that instances are working on. */
export interface Holder {
  /**
   * Starts requests, holds back every statement of theirs that changes the table until so many wait, and then lets all go at
   * once: however quick a statement is, none has ended before another begins.
   *
   * @param before what a statement waits at: `table`, before it has looked at anything; `rows`, when it has, before the
   *   first row that it wants to change
   */
  letGoAtOnce<Reply>(before: 'table' | 'rows', waiting: number, start: () => Promise<Reply>): Promise<Reply>
  /** The ids of the administrators that are not disabled. */
  administrators(): Promise<readonly string[]>
  /** Deadlocks that there ever were in the database. Its other connections must have been closed: they report when they go. */
  deadlocks(): Promise<number>
  /** Closes the connection, where another holder is to count deadlocks. */
  close(): Promise<void>
}

export function holdBack(t: Test, databaseUrl: string, table: Table = 'users'): Holder {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
  t.teardown(() => sql.end())

  return {
    async letGoAtOnce(before, waiting, start) {
      await sql`begin`
      // Neither keeps anybody from reading.
      if (before === 'table') await sql`lock table ${sql(table)} in share row exclusive mode`
      else await sql`select from ${sql(table)} for update`
      const replies = start()
      try {
        await until(sql, async () => {
          const held = await sql`
            select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
          return held.length >= waiting
        })
      } finally {
        await sql`commit`
      }
      return replies
    },
    close: () => sql.end(),
    async administrators() {
      const rows = await sql<{ id: string }[]>`
        select id from users where roles @> array['admin'] and disabled_at is null order by id`
      return rows.map(({ id }) => id)
    },
    async deadlocks() {
      await until(sql, async () => {
        const others = await sql`
          select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
        return others.length === 0
      })
      const [row] = await sql<{ n: number }[]>`
        select deadlocks::int as n from pg_stat_database where datname = current_database()`
      return row?.n ?? Number.NaN
    }
  }
}

async function until(sql: postgres.Sql, done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await done()); tries++) {
    if (tries === 1000) throw new Error('What the test waits for did not come.')
    // Within a transaction pg_stat_activity stays as it was first read, unless it is let go of.
    await sql`select pg_sleep(0.005), pg_stat_clear_snapshot()`
  }
}
