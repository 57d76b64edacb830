import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Engine } from './database.ts'

const DATABASE = 'test/support/database.ts'
/** Imports that are still there when the code runs. */
const IMPORTS = /^(?:import(?! type)|export)\b[^']*'(\.[^']+)'/gm

export interface TestFiles {
  /** Come to a database, by what they import: run over each engine. */
  readonly overBoth: string[]
  /**
   * Over one engine alone. Named `x.postgres.test.ts`: about what only a PostgreSQL server has, such as two instances over
   * one database. Named `x.pglite.test.ts`: about a database in a folder, or of what is the same whatever the database is.
   */
  readonly over: Readonly<Record<Engine, string[]>>
  /** Come to none: would only say the same thing again. */
  readonly others: string[]
}

/**
 * @param asked files and folders, as paths from the root of the project; all files where none are
 * @throws Error where something is asked for that is not there
 */
export function testFiles(root: string, asked: readonly string[] = []): TestFiles {
  const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .sort()
  const isIn = (path: string) => (file: string) => !relative(path, file).startsWith('..')
  for (const path of asked) if (!all.some(isIn(path))) throw new Error(`${path} is no test file, and has none.`)
  const files = asked.length === 0 ? all : all.filter((file) => asked.some((path) => isIn(path)(file)))
  const reach = reachOf(root)
  const namedFor = (engine: Engine) => files.filter((file) => file.endsWith(`.${engine}.test.ts`))
  const over = { pglite: namedFor('pglite'), postgres: namedFor('postgres') }
  const named = new Set([...over.pglite, ...over.postgres])
  const rest = files.filter((file) => !named.has(file))
  return { overBoth: rest.filter(reach), over, others: rest.filter((file) => !reach(file)) }
}

/** Files that take ten seconds and more. Begun last, one of them would go on alone when all others have ended. */
const LONG: readonly string[] = [
  'test/durability/kill.test.ts',
  'test/durability/start.test.ts',
  'test/races/clients.postgres.test.ts',
  'test/keys/rotation.postgres.test.ts',
  'test/durability/keys.test.ts',
  'test/durability/clients.test.ts'
]

/** Those that take long before all others. */
export function longestFirst<Of extends { readonly file: string }>(all: readonly Of[]): readonly Of[] {
  const rank = ({ file }: Of) => (LONG.includes(file) ? LONG.indexOf(file) : LONG.length)
  return all.toSorted((a, b) => rank(a) - rank(b))
}

/** Whether a file reaches the one that makes databases. */
function reachOf(root: string): (file: string) => boolean {
  const known = new Map<string, boolean>([[DATABASE, true]])
  return function reaches(file) {
    const found = known.get(file)
    if (found !== undefined) return found
    // While it is being found out, a circle adds nothing.
    known.set(file, false)
    const reached = importsOf(root, file).some(reaches)
    known.set(file, reached)
    return reached
  }
}

const importsOf = (root: string, file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(IMPORTS)].flatMap(([, path]) =>
    path === undefined ? [] : [relative(root, join(root, dirname(file), path))]
  )
