import { sql } from 'drizzle-orm'
import { openDatabase } from '../../src/db/open.ts'

/** A current and a next key of the algorithm, a next one of the other that is published, and those of other tokens. */
export const KEYS_OF_A_START = 5

/** How many keys a database has; it must not be in use where it is embedded. */
export async function keysIn(url: string): Promise<number> {
  const database = await openDatabase({ url, poolSize: 1, timeoutMilliseconds: 5000 })
  const [row] = await database.run(sql`select count(*)::int as n from keys`)
  await database.close()
  return Number(row?.['n'])
}
