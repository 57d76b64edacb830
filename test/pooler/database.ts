import postgres from 'postgres'
import type { PostgresServer } from '../support/pg-server.ts'

/** Owned by an account that is no superuser, with the time-outs that a transaction pooler lets no client set for a session. */
export async function makeDatabase(server: PostgresServer): Promise<void> {
  const sql = postgres(server.url, { max: 1, onnotice: () => undefined })
  try {
    await sql`create role latchkey login`
    await sql`alter role latchkey set statement_timeout = '5s'`
    await sql`alter role latchkey set lock_timeout = '5s'`
    await sql`create database latchkey owner latchkey template template0`
  } finally {
    await sql.end()
  }
}

/** Straight to the server, past the pooler. */
export async function withSql(server: PostgresServer, work: (sql: postgres.Sql) => Promise<void>): Promise<void> {
  const sql = postgres(server.url.replace(/postgres$/, 'latchkey'), { max: 1 })
  try {
    await work(sql)
  } finally {
    await sql.end()
  }
}

export async function openTransactions(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from pg_stat_activity where state like 'idle in transaction%'`
  return row?.count ?? -1
}
