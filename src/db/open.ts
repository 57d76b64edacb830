import type { Database, DatabaseOptions } from './database.ts'

/** Opens the database that `url` names. The driver of the other engine is never loaded. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  if (options.url.startsWith('pglite:')) {
    const { openPglite } = await import('./pglite.ts')
    return openPglite(options)
  }
  const { openPostgres } = await import('./postgres.ts')
  return openPostgres(options)
}
