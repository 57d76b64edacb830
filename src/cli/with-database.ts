import { readConfig, type Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import { openDatabase } from '../db/open.ts'

/** Opens the configured database, brings its schema up to date, does the work and closes it. */
export async function withDatabase(work: (database: Database, config: Config) => Promise<void>): Promise<void> {
  const config = readConfig()
  const database = await openDatabase({
    url: config.databaseUrl,
    poolSize: 1,
    timeoutMilliseconds: config.databaseTimeoutMilliseconds,
    pooled: config.revocationSync === 'poll'
  })
  try {
    await database.migrate()
    await work(database, config)
  } finally {
    await database.close()
  }
}
