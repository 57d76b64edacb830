import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sql, type SQL } from 'drizzle-orm'
import type { Row } from './database.ts'
import { codeOf } from './outage.ts'

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
function newestMigration(): number {
  const journal: unknown = JSON.parse(readFileSync(`${MIGRATIONS_FOLDER}/meta/_journal.json`, 'utf8'))
  if (!isJournal(journal)) throw new Error(`There are no migrations in ${MIGRATIONS_FOLDER}.`)
  return Math.max(...journal.entries.map(({ when }) => when))
}

/** SQLSTATE of a table that there is not. */
const UNDEFINED_TABLE = '42P01'

/**
 * Whether every migration that this version knows has been applied. One statement, since every start asks it: only of an
 * empty database does it fail.
 */
export async function isMigrated(run: (statement: SQL) => Promise<readonly Row[]>): Promise<boolean> {
  try {
    const [row] = await run(sql`select max(created_at)::float8 as newest from drizzle.__drizzle_migrations`)
    return Number(row?.['newest']) >= newestMigration()
  } catch (error) {
    if (codeOf(error) === UNDEFINED_TABLE) return false
    throw error
  }
}
