import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PGlite, types } from '@electric-sql/pglite'
import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type { Database, DatabaseOptions, Row } from './database.ts'
import { lockFolder } from './folder-lock.ts'
import { isMigrated, MIGRATIONS_FOLDER } from './migrations.ts'
import { unavailable, withRetries } from './outage.ts'

/** Enough for one process, and half the memory of the defaults. */
const SMALL = ['shared_buffers = 16MB', 'max_connections = 10']
/** As text, as the other driver gives it, so that the column types of the schema read both. */
const AS_TEXT = { [types.TIMESTAMPTZ]: (value: string) => value }

/** PostgreSQL inside this process, in the folder that the URL names, or in memory. */
export async function openPglite({ url }: DatabaseOptions): Promise<Database> {
  const path = url.slice('pglite:'.length)
  const inMemory = path === 'memory:'
  if (!inMemory) await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const lock = inMemory ? null : await lockFolder(path)
  const client = await PGlite.create({ ...(inMemory ? {} : { dataDir: path }), postgresqlconf: SMALL })
  const dialect = new PgDialect()

  async function attempt(statement: SQL) {
    if (client.closed) throw unavailable(new Error('The embedded database has been closed.'))
    const { sql: text, params } = dialect.sqlToQuery(statement)
    const { rows } = await client.query<Row>(text, params, { parsers: AS_TEXT })
    return rows
  }

  const run = (statement: SQL) => withRetries(() => attempt(statement))

  return {
    engine: 'pglite',
    run,
    runAside: run,
    renewAside: () => undefined,
    async listen(channel, onMessage, onListening) {
      await client.listen(channel, onMessage)
      onListening()
      return { renew: () => undefined }
    },
    async migrate() {
      if (await isMigrated(attempt)) return
      const { drizzle } = await import('drizzle-orm/pglite')
      const { migrate } = await import('drizzle-orm/pglite/migrator')
      await migrate(drizzle(client), { migrationsFolder: MIGRATIONS_FOLDER })
    },
    isCurrent: () => isMigrated(attempt),
    async close() {
      if (!client.closed) await client.close()
      await lock?.release()
    }
  }
}
