import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import type { Database, DatabaseOptions } from './database.ts'
import { appliedMigration, MIGRATIONS_FOLDER, newestMigration } from './migrations.ts'
import { withDeadline, withRetries } from './outage.ts'

/** Any constant will do, so long as every instance takes the same lock before it migrates. */
const MIGRATION_LOCK = 5_402_113
/** A statement's own time-out answers first; this is for a server or a network that does not answer at all. */
const DEADLINE_MARGIN_MILLISECONDS = 500

/** PostgreSQL 15 or newer, through postgres.js. */
export function openPostgres({ url, poolSize, timeoutMilliseconds, pooled = false }: DatabaseOptions): Database {
  const common: postgres.Options<Record<string, never>> = {
    onnotice: () => undefined,
    connect_timeout: Math.ceil(timeoutMilliseconds / 1000),
    fetch_types: false,
    // Back at once after an outage; the default waits up to 20 s longer than the database.
    backoff: () => 0.25 + Math.random() * 0.25
  }
  const session = {
    application_name: 'latchkey',
    TimeZone: 'UTC',
    DateStyle: 'ISO',
    statement_timeout: timeoutMilliseconds,
    lock_timeout: timeoutMilliseconds
  }
  const client = postgres(url, {
    ...common,
    max: poolSize,
    prepare: !pooled,
    connection: pooled ? {} : session
  })
  // Sets the parsers and serializers that the column types of the schema count on.
  drizzle(client)
  const dialect = new PgDialect()

  async function attempt(statement: SQL) {
    const { sql: text, params } = dialect.sqlToQuery(statement)
    const query = client.unsafe(text, params.map(asParameter), { prepare: !pooled })
    return withDeadline(query, timeoutMilliseconds + DEADLINE_MARGIN_MILLISECONDS, () => {
      query.cancel()
    })
  }

  return {
    engine: 'postgres',
    run: (statement) => withRetries(() => attempt(statement)),
    async listen(channel, onMessage, onListening) {
      await client.listen(channel, onMessage, onListening)
    },
    async migrate() {
      const one = postgres(url, { ...common, max: 1 })
      try {
        await withRetries(async () => {
          // Only one instance migrates; the others wait here and then find nothing to do.
          await one`select pg_advisory_lock(${MIGRATION_LOCK})`
          await migrate(drizzle(one), { migrationsFolder: MIGRATIONS_FOLDER })
        })
      } finally {
        await one.end({ timeout: 1 })
      }
    },
    isCurrent: async () =>
      (await appliedMigration((statement) => withRetries(() => attempt(statement)))) >= newestMigration(),
    close: () => client.end({ timeout: 5 })
  }
}

/** The values that statements are given; anything else is a mistake in the statement. */
function asParameter(value: unknown): postgres.ParameterOrJSON<never> {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value
  if (value instanceof Uint8Array) return value
  throw new TypeError(`A statement was given a ${typeof value}.`)
}
