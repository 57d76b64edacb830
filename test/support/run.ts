// npm test: every test file that comes to a database over PGlite and over a PostgreSQL server that is started here, with the
// same number of assertions, those that are about PostgreSQL over that alone, and the others once. Arguments are files and
// folders, and ask for those alone. TEST_ENGINE (pglite or postgres) asks for one of the two alone, TEST_PG_BIN for the
// PostgreSQL whose programs are in that folder.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { closingLine, unequalCounts, type FileReport, type Run } from './assertion-counts.ts'
import { bundleFolder, bundleOf, makeBundles, PROGRAM } from './bundles.ts'
import { engine, type Engine } from './database.ts'
import { startPostgres } from './pg-server.ts'
import { scratchPrefix, sweepScratch } from './scratch.ts'
import { makePgliteTemplate, makePostgresTemplate } from './templates.ts'
import { testFiles } from './test-files.ts'

/** What the tests find in their environment; read in database.ts. */
type Environment = Readonly<Record<string, string>>

const root = fileURLToPath(new URL('../..', import.meta.url))
const { overDatabase, overPostgres, others } = testFiles(root, process.argv.slice(2))
const engines: readonly Engine[] = process.env['TEST_ENGINE'] ? [engine] : ['pglite', 'postgres']
const folder = mkdtempSync(scratchPrefix())
const bundles = bundleFolder()
const runs: Run[] = []
const faults: string[] = []
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
  await makeBundles([...others, ...overDatabase, ...overPostgres, PROGRAM], bundles)
  await runTap('none', 'no database', others)
  const environment: Environment = {
    TEST_FOLDER: folder,
    ...(engines.includes('pglite') && { TEST_PGLITE_TEMPLATE: join(folder, 'template') })
  }
  const [server] = await Promise.all([
    engines.includes('postgres') ? startPostgres() : null,
    engines.includes('pglite') ? makePgliteTemplate(join(folder, 'template')) : null
  ])
  if (server === null) {
    await runTap('pglite', 'PGlite', overDatabase, { ...environment, TEST_ENGINE: 'pglite' })
    return
  }
  try {
    await makePostgresTemplate(server.url)
    // Tests that start servers of their own start the same PostgreSQL as this one.
    const forAll = { ...environment, TEST_POSTGRES_URL: server.url, TEST_PG_BIN: server.binaries.bin }
    const postgres = `PostgreSQL ${server.binaries.version}`
    for (const each of engines) {
      const name = each === 'pglite' ? 'PGlite' : postgres
      await runTap(each, name, overDatabase, { ...forAll, TEST_ENGINE: each })
    }
    await runTap('none', `${postgres} alone`, overPostgres, { ...forAll, TEST_ENGINE: 'postgres' })
  } finally {
    await server.stop()
  }
}

/** Runs files. The reporter prints what it sees, and leaves the numbers in a file. */
async function runTap(
  over: Run['engine'],
  name: string,
  files: readonly string[],
  environment: Environment = { TEST_ENGINE: 'none' }
): Promise<void> {
  stop.signal.throwIfAborted()
  if (files.length === 0) return
  console.log(`\nOver ${name}`)
  const report = join(folder, `${runs.length}.json`)
  const tap = join(dirname(createRequire(import.meta.url).resolve('tap/package.json')), 'dist/esm/run.mjs')
  const child = spawn(process.execPath, [tap, ...files.map((file) => bundleOf(file, bundles))], {
    env: { ...process.env, ...environment, TEST_BUNDLES: bundles, TEST_REPORT: report },
    // The channel is how tap learns that it is to stop, also when we are killed.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc']
  })
  stop.signal.addEventListener('abort', () => {
    if (child.connected) child.disconnect()
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  stop.signal.throwIfAborted()
  const reports = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as readonly FileReport[]) : []
  if (code !== 0 && reports.every(({ failed }) => failed === 0)) {
    faults.push(`tap ended with ${code === null ? 'a signal' : `code ${code}`} over ${name}`)
  }
  runs.push({ engine: over, files: reports })
}
