import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import postgres from 'postgres'
import { openDatabase } from '../../src/db/open.ts'

const TEMPLATE = 'latchkey_template'

/** Makes the migrated database that every other database of a test run is a copy of, and returns its URL. */
export async function makePostgresTemplate(serverUrl: string): Promise<string> {
  await asAdministrator(serverUrl, (sql) => sql.unsafe(`create database ${TEMPLATE}`))
  const url = databaseUrl(serverUrl, TEMPLATE)
  await migrate(url)
  return url
}

/** The same as a folder for PGlite. */
export async function makePgliteTemplate(folder: string): Promise<void> {
  cpSync(await emptyPglite(), folder, { recursive: true })
  await migrate(`pglite:${folder}`)
}

/**
 * A PGlite folder without any table. To make one takes seconds and as much memory as everything else together, and it
 * depends on nothing but PGlite's version: it is kept for the next time.
 */
async function emptyPglite(): Promise<string> {
  const manifest = join(dirname(createRequire(import.meta.url).resolve('@electric-sql/pglite')), '../package.json')
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }
  const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))
  const kept = join(cache, `pglite-${version}`)
  if (existsSync(kept)) return kept
  mkdirSync(cache, { recursive: true })
  const part = mkdtempSync(join(cache, 'pglite-part-'))
  const client = await PGlite.create({ dataDir: join(part, 'data') })
  await client.close()
  try {
    renameSync(join(part, 'data'), kept)
  } catch (error) {
    // Another run was quicker, and made the same.
    if (!existsSync(kept)) throw error
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
  return kept
}

/** A new database on the server, a copy of the migrated template or empty. */
export async function createDatabase(serverUrl: string, name: string, migrated: boolean): Promise<string> {
  // file_copy is quicker here than PostgreSQL's default, which writes the whole copy to its log.
  const template = migrated ? TEMPLATE : 'template0'
  await asAdministrator(serverUrl, (sql) =>
    sql.unsafe(`create database ${name} template ${template} strategy file_copy`)
  )
  return databaseUrl(serverUrl, name)
}

/** Also when somebody is connected still. */
export async function dropDatabase(serverUrl: string, name: string): Promise<void> {
  await asAdministrator(serverUrl, (sql) => sql.unsafe(`drop database if exists ${name} with (force)`))
}

async function migrate(url: string): Promise<void> {
  const database = await openDatabase({ url, poolSize: 2, timeoutMilliseconds: 5000 })
  try {
    await database.migrate()
  } finally {
    await database.close()
  }
}

async function asAdministrator(serverUrl: string, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(serverUrl, { max: 1, onnotice: () => undefined })
  try {
    await work(sql)
  } finally {
    await sql.end()
  }
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = name
  return url.href
}
