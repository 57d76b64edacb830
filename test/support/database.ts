import { randomBytes } from 'node:crypto'
import { constants, cpSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from './pg-server.ts'
import { scratchPrefix } from './scratch.ts'
import { createDatabase, dropDatabase, makePgliteTemplate, makePostgresTemplate } from './templates.ts'

export type Engine = 'pglite' | 'postgres'

/** The engine that this run of the tests is about. */
export const engine: Engine = engineNamed(process.env['TEST_ENGINE'] ?? 'pglite')

export interface DatabaseOptions {
  /** For a test that is about one engine in particular, whatever the run is about. */
  readonly engine?: Engine
  /** `false` for a database without any table. */
  readonly migrated?: boolean
}

/** The part of a tap test that is needed here. */
export interface Test {
  teardown(what: () => unknown): unknown
}

/** A DATABASE_URL that nobody else uses, over a migrated database, until the test has ended. */
export async function freshDatabase(t: Test, options: DatabaseOptions = {}): Promise<string> {
  const name = `test_${randomBytes(8).toString('hex')}`
  const migrated = options.migrated ?? true
  return (options.engine ?? engine) === 'pglite' ? freshPglite(t, name, migrated) : freshPostgres(t, name, migrated)
}

async function freshPglite(t: Test, name: string, migrated: boolean): Promise<string> {
  const path = join(folder(), name)
  t.teardown(() => {
    for (const each of [path, `${path}.secret`]) rmSync(each, { recursive: true, force: true })
  })
  // A thousand small files: one promise each would take ten times as long.
  if (migrated) cpSync(await pgliteTemplate(), path, { recursive: true, mode: constants.COPYFILE_FICLONE })
  return `pglite:${path}`
}

async function freshPostgres(t: Test, name: string, migrated: boolean): Promise<string> {
  const server = await postgresServer()
  const url = await createDatabase(server, name, migrated)
  t.teardown(() => dropDatabase(server, name))
  return url
}

// What follows comes from run.ts through the environment, or else, for a file that is run by hand, is made here once.

const folder = once((): string => {
  const given = process.env['TEST_FOLDER']
  if (given !== undefined) return given
  const own = mkdtempSync(scratchPrefix())
  process.once('exit', () => {
    rmSync(own, { recursive: true, force: true })
  })
  return own
})

const pgliteTemplate = once(async (): Promise<string> => {
  const given = process.env['TEST_PGLITE_TEMPLATE']
  if (given !== undefined) return given
  // A run that is about the other engine only has made none for all its files.
  const template = join(folder(), `template-${process.pid}`)
  await makePgliteTemplate(template)
  return template
})

/** URL of the server that the tests may make databases on. It ends with the process that started it. */
const postgresServer = once(async (): Promise<string> => {
  const given = process.env['TEST_POSTGRES_URL']
  if (given !== undefined) return given
  const server = await startPostgres()
  await makePostgresTemplate(server.url)
  return server.url
})

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}

function engineNamed(name: string): Engine {
  if (name === 'pglite' || name === 'postgres') return name
  throw new Error(`TEST_ENGINE is ${name}; it can be pglite or postgres`)
}
