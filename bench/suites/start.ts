import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { scratchPrefix } from '../../test/support/scratch.ts'
import { createFleet, settingsOver } from '../support/fleet.ts'
import { inTurn, ratioOf, spreadOf } from '../support/spread.ts'
import { measureStart, type Program, type Start } from '../support/started.ts'
import type { Cell, Suite } from '../support/suite.ts'

const SCALES = {
  full: { rounds: 10, firstRounds: 5, restSeconds: 2, peers: true },
  quick: { rounds: 1, firstRounds: 1, restSeconds: 0.1, peers: false }
} as const

const BARE = 'bare Fastify'
const COLUMNS = ['', 'ms to the first 200', '/ bare', 'RSS at rest, MiB', '/ bare', 'PSS at rest, MiB', '/ bare']

const server = (name: string, path: string, exitCode: number | null, env: Program['env'] = {}): Program => ({
  args: [`bench/servers/start-${name}.mjs`],
  env,
  path,
  exitCode
})
const service = (databaseUrl: string): Program => ({
  args: ['dist/src/cli/main.js', 'serve'],
  env: settingsOver(databaseUrl),
  path: '/health',
  exitCode: 0
})

export default {
  about: [
    'The time from the call that starts a process to the end of its first answer of 200, and its memory some seconds later. The service is `node dist/src/cli/main.js serve` as it is built for production, with default settings but for those that have no default, asked for `/health`. It is compared with bare Fastify: one route with the schema of its answer and the default log. All run under plain `node` with no loader and no flag, on all cores, nothing else running but the process that asks, every millisecond from the start, and a PostgreSQL where one is used.',
    'The rows of another start are about a database that is there, with its schema and keys, as at every start but the first: PostgreSQL over TCP, or the folder of the embedded database. A first start makes schema and keys, and with the embedded database the database itself (initdb).',
    'Memory is taken 2 s after 10 requests to the same path. RSS is all that the system holds for the process, the pages of the `node` binary, which all of them share, included; PSS counts a page that several processes share in parts. What the service makes when it is first asked for it is in neither: the OpenAPI document, the documentation page, validators and serializers of the routes that were not asked.',
    'PGlite alone opens the same kind of folder with the same settings, asks `select 1` and then listens. better-auth has sign-in by password over its adapter for a database in memory, so that its start includes no database; it is asked for `/api/auth/ok`.'
  ],
  async run(scale) {
    const { rounds, firstRounds, restSeconds, peers } = SCALES[scale]
    const fleet = createFleet()
    const folder = mkdtempSync(scratchPrefix())
    try {
      const { url } = await fleet.postgres()
      const over = { PostgreSQL: url, PGlite: `pglite:${join(folder, 'service')}` }
      const first = { PostgreSQL: freshDatabases(url), PGlite: freshFolders(folder) }

      const firsts = await measureRounds(firstRounds, restSeconds, {
        [BARE]: async () => server('bare', '/health', null),
        'first start, PostgreSQL': async () => service(await first.PostgreSQL()),
        'first start, PGlite': async () => service(first.PGlite())
      })
      const others = await measureRounds(rounds, restSeconds, {
        [BARE]: async () => server('bare', '/health', null),
        'Latchkey, PostgreSQL': async () => service(over.PostgreSQL),
        'Latchkey, PGlite': async () => service(over.PGlite),
        ...(peers && {
          'PGlite alone': async () => server('pglite', '/', 0, { FOLDER: join(folder, 'alone') }),
          'better-auth, in memory': async () => server('better-auth', '/api/auth/ok', null)
        })
      })
      return [
        { title: 'Another start', columns: COLUMNS, rows: rowsOf(others) },
        { title: 'The first start', columns: COLUMNS, rows: rowsOf(firsts) }
      ]
    } finally {
      await fleet.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
} satisfies Suite

type Programs = Readonly<Record<string, () => Promise<Program>>>
type Starts = ReadonlyMap<string, readonly Start[]>

/** Each program once a round, and once before: that one makes what there is none of, and fills the caches of the system. */
async function measureRounds(rounds: number, restSeconds: number, programs: Programs): Promise<Starts> {
  const starts = new Map<string, Start[]>(Object.keys(programs).map((name) => [name, []]))
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, programOf] of inTurn(Object.entries(programs), round + 1)) {
      const start = await measureStart(await programOf(), round < 0 ? 0 : restSeconds)
      if (round >= 0) starts.get(name)?.push(start)
    }
  }
  return starts
}

function rowsOf(starts: Starts): (readonly Cell[])[] {
  const bare = starts.get(BARE) ?? []
  return [...starts].map(([name, all]) => [
    name,
    ...(['milliseconds', 'resident', 'proportional'] as const).flatMap((figure): Cell[] => {
      const [ours, theirs] = [all, bare].map((some) => some.map((one) => one[figure]))
      return [spreadOf(ours ?? []), name === BARE ? '' : ratioOf(ours ?? [], theirs ?? [])]
    })
  ])
}

function freshDatabases(url: string): () => Promise<string> {
  let count = 0
  return async () => {
    const name = `first_${(count += 1)}`
    const client = postgres(url, { max: 1 })
    await client.unsafe(`create database ${name}`)
    await client.end()
    return url.replace(/[^/]*$/, name)
  }
}

function freshFolders(folder: string): () => string {
  let count = 0
  return () => `pglite:${join(folder, `first-${(count += 1)}`)}`
}
