import { setTimeout as delay } from 'node:timers/promises'
import type { SQL } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { Database, DatabaseOptions } from './database.ts'
import { isMigrated, MIGRATIONS_FOLDER } from './migrations.ts'
import { withRetries } from './outage.ts'
import { createPool } from './postgres-pool.ts'
import { createSockets } from './sockets.ts'

/** Any constant will do, so long as every instance takes the same lock before it migrates. */
const MIGRATION_LOCK = 5_402_113
const LOCK_EVERY_MILLISECONDS = 200
/** A statement's own time-out answers first; this is for a server or a network that does not answer at all. */
const DEADLINE_MARGIN_MILLISECONDS = 500
/** What is asked aside is a small read; without an answer in this time the connection is not relied on any longer. */
const ASIDE_MILLISECONDS = 1000
/** A connection that is not there by then is tried anew, so that the service is back within two seconds of its database. */
const CONNECT_MILLISECONDS = 1200

/** PostgreSQL 15 or newer, through postgres.js. */
export function openPostgres({ url, poolSize, timeoutMilliseconds, pooled = false }: DatabaseOptions): Database {
  const common = {
    onnotice: () => undefined,
    connect_timeout: CONNECT_MILLISECONDS / 1000,
    fetch_types: false,
    // Back at once after an outage; the default waits up to 20 s longer than the database.
    backoff: () => 0.25 + Math.random() * 0.25,
    prepare: !pooled,
    // A standby shows what it has been told so far, and would pass for the truth. With one host, there is no other to turn to.
    ...(hasSeveralHosts(url) && { target_session_attrs: 'primary' as const })
  }
  const timeouts = { statement_timeout: timeoutMilliseconds, lock_timeout: timeoutMilliseconds }
  // A transaction pooler keeps these three for its clients, and no others: the next statement may run in another session.
  const named = (name: string) => ({
    application_name: name,
    TimeZone: 'UTC',
    DateStyle: 'ISO',
    ...(!pooled && timeouts)
  })

  // One connection is kept aside, and in `listen` mode another one listens.
  const max = Math.max(1, poolSize - (pooled ? 1 : 2))
  const pool = createPool(
    url,
    { ...common, max, connection: named('latchkey') },
    timeoutMilliseconds + DEADLINE_MARGIN_MILLISECONDS
  )
  const aside = createPool(
    url,
    { ...common, max: 1, connection: named('latchkey journal') },
    Math.min(ASIDE_MILLISECONDS, timeoutMilliseconds + DEADLINE_MARGIN_MILLISECONDS)
  )
  const listening: { close: () => Promise<void> }[] = []
  const run = (statement: SQL) => withRetries(() => pool.run(statement))

  return {
    engine: 'postgres',
    run,
    runAside: (statement) => withRetries(() => aside.run(statement)),
    renewAside: () => {
      aside.renew()
    },
    async listen(channel, onMessage, onListening) {
      const sockets = createSockets()
      const options = { ...common, max: 1, connection: named('latchkey listener'), socket: sockets.socket }
      const client = postgres(url, options)
      listening.push({
        async close() {
          sockets.close()
          await client.end({ timeout: 0 })
        }
      })
      // When the connection breaks, postgres.js opens another and listens again, for as long as it takes.
      await withRetries(() => client.listen(channel, onMessage, onListening))
      return { renew: sockets.giveUp }
    },
    async migrate() {
      if (await isMigrated(run)) return
      const { migrate } = await import('drizzle-orm/postgres-js/migrator')
      // The lock belongs to a transaction, not to a session: a transaction pooler would hand a session on with its lock.
      const lock = postgres(url, { ...common, max: 1 })
      const work = postgres(url, { ...common, max: 1 })
      try {
        await withRetries(async () => {
          // Only one instance migrates; the others wait here and then find nothing to do. They hold no connection meanwhile:
          // a pooler may have no more than those that one instance needs.
          while (!(await begunWithLock(lock))) await delay(LOCK_EVERY_MILLISECONDS)
          await migrate(drizzle(work), { migrationsFolder: MIGRATIONS_FOLDER })
          await lock`commit`
        })
      } finally {
        await Promise.all([lock.end({ timeout: 1 }), work.end({ timeout: 1 })])
      }
    },
    isCurrent: () => isMigrated(run),
    async close() {
      await Promise.all([pool.close(), aside.close(), ...listening.map((one) => one.close())])
    }
  }
}

const hasSeveralHosts = (url: string): boolean => /^[^/]*\/\/[^/?]*,/.test(url)

/** Begins a transaction that holds the lock; where another instance has it, there is none. */
async function begunWithLock(one: postgres.Sql): Promise<boolean> {
  await one`begin`
  const [row] = await one`select pg_try_advisory_xact_lock(${MIGRATION_LOCK}) as locked`
  if (row?.['locked'] === true) return true
  await one`commit`
  return false
}
