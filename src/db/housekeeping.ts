import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import { seconds } from './statements.ts'

/** Rows of one kind that one sweep removes at most, so that no sweep holds others up. */
const MOST_AT_ONCE = sql.raw('5000')

/**
 * Removes what no longer matters: entries whose last token has expired, sessions long over, keys that nothing is verified with,
 * counters whose window has ended, one-use tokens past their time, used assertions that have expired, and events older than
 * `auditSeconds`.
 */
export async function sweep(database: Database, auditSeconds: number): Promise<void> {
  const over = {
    revocations: ['seq', sql`until < clock_timestamp()`],
    denied_tokens: ['jti', sql`expires_at < clock_timestamp() - interval '1 hour'`],
    sessions: ['id', sql`expires_at < clock_timestamp() - interval '1 day'`],
    keys: ['kid', sql`verifies_until < clock_timestamp()`],
    throttles: ['key', sql`expires_at < clock_timestamp()`],
    used_assertions: ['assertion_hash', sql`expires_at < clock_timestamp()`],
    reset_tokens: ['token_hash', sql`expires_at < clock_timestamp()`],
    audit_events: ['id', sql`at < clock_timestamp() - ${seconds(auditSeconds)}`]
  } as const
  for (const [table, [key, condition]] of Object.entries(over)) {
    const name = sql.identifier(table)
    const id = sql.identifier(key)
    await database.run(
      sql`delete from ${name} where ${id} in (select ${id} from ${name} where ${condition} limit ${MOST_AT_ONCE} for update skip locked)`
    )
  }
}
