import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sql, type SQL } from 'drizzle-orm'
import type { Row } from './database.ts'

/** The migrations lie beside the sources and are not copied into the build: from `dist/src/db` they are one folder further up. */
export const MIGRATIONS_FOLDER =
  ['../../drizzle', '../../../drizzle']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(`${path}/meta/_journal.json`)) ?? 'drizzle'

interface Journal {
  readonly entries: readonly { readonly when: number }[]
}

const isJournal = (value: unknown): value is Journal =>
  typeof value === 'object' && value !== null && 'entries' in value && Array.isArray(value.entries)

/** When the newest migration that this version knows was written (milliseconds), as the table of applied ones records it. */
export function newestMigration(): number {
  const journal: unknown = JSON.parse(readFileSync(`${MIGRATIONS_FOLDER}/meta/_journal.json`, 'utf8'))
  if (!isJournal(journal)) throw new Error(`There are no migrations in ${MIGRATIONS_FOLDER}.`)
  return Math.max(...journal.entries.map(({ when }) => when))
}

/** When the newest migration that has been applied was written (milliseconds); 0 in an empty database. */
export async function appliedMigration(run: (statement: SQL) => Promise<readonly Row[]>): Promise<number> {
  const [table] = await run(sql`select to_regclass('drizzle.__drizzle_migrations') is not null as found`)
  if (table?.['found'] !== true) return 0
  const [row] = await run(sql`select coalesce(max(created_at), 0)::float8 as newest from drizzle.__drizzle_migrations`)
  return Number(row?.['newest'])
}
