import { sql } from 'drizzle-orm'
import { auditEvents } from '../../drizzle/schema.ts'
import type { AuditEvent } from '../domain/records.ts'
import type { Database } from './database.ts'
import { decode } from './decode.ts'

export interface AuditFilter {
  readonly subject?: string | undefined
  readonly action?: string | undefined
  /** Only events at or after this time. */
  readonly since?: Date | undefined
  /** Only events before this one. */
  readonly before?: string | undefined
  readonly limit: number
}

export interface AuditTrail {
  /** Newest first. Events are written by the statements that make the changes. */
  list(filter: AuditFilter): Promise<readonly AuditEvent[]>
}

export function createAuditTrail(database: Database): AuditTrail {
  return {
    async list({ subject, action, since, before, limit }) {
      const conditions = [
        ...(subject === undefined ? [] : [sql`subject = ${subject}::text`]),
        ...(action === undefined ? [] : [sql`action = ${action}::text`]),
        ...(since === undefined ? [] : [sql`at >= to_timestamp(${since.getTime() / 1000}::float8)`]),
        ...(before === undefined ? [] : [sql`id < ${before}::uuid`])
      ]
      const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
      const rows = await database.run(sql`select * from audit_events ${where} order by id desc limit ${limit}::int`)
      return rows.map((row) => decode(auditEvents, row))
    }
  }
}
