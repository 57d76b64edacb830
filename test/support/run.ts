// npm test: every test file that comes to a database over PGlite and over a PostgreSQL server that is started here, with the
// same number of assertions, those that are about one of the two over that alone, and the others once. Arguments are files
// and folders, and ask for those alone. TEST_ENGINE (pglite or postgres) asks for one of the two alone, TEST_PG_BIN for the
// PostgreSQL whose programs are in that folder.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { closingLine, unequalCounts, type Run } from './assertion-counts.ts'
import { bundleFolder, bundleOf, makeBundles, PROGRAM } from './bundles.ts'
import { engine, type Engine } from './database.ts'
import { startPostgres, type PostgresServer } from './pg-server.ts'
import { runAll, type Job } from './pool.ts'
import { scratchPrefix, sweepScratch } from './scratch.ts'
import { makePgliteTemplate, makePostgresTemplate } from './templates.ts'
import { longestFirst, testFiles } from './test-files.ts'

/** What the tests find in their environment; read in database.ts and bundles.ts. */
type Environment = Readonly<Record<string, string>>

const root = fileURLToPath(new URL('../..', import.meta.url))
const { overBoth, over, others } = testFiles(root, process.argv.slice(2))
const engines: readonly Engine[] = process.env['TEST_ENGINE'] ? [engine] : ['pglite', 'postgres']
const isNeeded = (one: Engine) => engines.includes(one) && overBoth.length + over[one].length > 0
const folder = mkdtempSync(scratchPrefix())
const bundles = bundleFolder()
const faults: string[] = []
let runs: readonly Run[] = []
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stop.abort(`the run was stopped by ${signal}`)
  })
}

try {
  sweepScratch()
  await main()
} catch (error) {
  faults.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
} finally {
  for (const own of [folder, bundles]) rmSync(own, { recursive: true, force: true })
}
faults.push(...unequalCounts(runs))
for (const fault of faults) console.log(`FAIL  ${fault}`)
const { line, passed } = closingLine(runs, faults)
console.log(line)
process.exit(passed ? 0 : 1)

async function main(): Promise<void> {
  const template = join(folder, 'template')
  const [server] = await Promise.all([
    isNeeded('postgres') ? startPostgres() : null,
    isNeeded('pglite') ? makePgliteTemplate(template) : null,
    makeBundles([...others, ...overBoth, ...over.pglite, ...over.postgres, PROGRAM], bundles)
  ])
  try {
    if (server !== null) await makePostgresTemplate(server.url)
    runs = await runAll(longestFirst(jobsFor(template, server)), stop.signal)
  } finally {
    await server?.stop()
  }
}

/** Each file over what it is to run over; the server is there where it is needed. */
function jobsFor(template: string, server: PostgresServer | null): readonly Job[] {
  const given: Environment = {
    TEST_FOLDER: folder,
    TEST_BUNDLES: bundles,
    ...(isNeeded('pglite') && { TEST_PGLITE_TEMPLATE: template }),
    // Tests that start servers of their own start the same PostgreSQL as this one.
    ...(server !== null && { TEST_POSTGRES_URL: server.url, TEST_PG_BIN: server.binaries.bin })
  }
  const jobs = (files: readonly string[], engine: Run['engine'], own: Environment, where = ''): readonly Job[] =>
    files.map((file) => {
      return { file, bundle: bundleOf(file, bundles), engine, over: where, environment: { ...given, ...own } }
    })
  const names = { pglite: 'PGlite', postgres: `PostgreSQL ${server?.binaries.version ?? ''}` }
  return [
    ...jobs(others, 'none', { TEST_ENGINE: 'none' }),
    ...engines.flatMap((each) => [
      ...jobs(overBoth, each, { TEST_ENGINE: each }, names[each]),
      ...jobs(over[each], 'none', { TEST_ENGINE: each }, names[each])
    ])
  ]
}
