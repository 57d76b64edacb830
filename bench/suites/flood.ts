import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFleet, settingsOver, type Load, type Server } from '../support/fleet.ts'
import type { Answer } from '../load/exchange.ts'
import { getsWith } from '../support/guarded.ts'
import { signIns } from '../support/people.ts'
import { ratioOf, spreadOf } from '../support/spread.ts'
import type { Cell, Scale, Suite } from '../support/suite.ts'

const SCALES: Record<Scale, { readonly rounds: number; readonly seconds: number; readonly people: number }> = {
  full: { rounds: 4, seconds: 8, people: 5000 },
  quick: { rounds: 1, seconds: 1, people: 100 }
}
const READS_A_SECOND = 200
/** Of what Argon2id alone can do. */
const TIMES_THE_CAPACITY = 10
const SERVED_OR_REFUSED: readonly Answer[] = [
  { status: 200, holds: '"access_token":"' },
  { status: 503, holds: 'retry-after: [1-9]' }
]

export default {
  about: [
    'A protected GET at 200 a second (open loop: each is counted from when it was due), first at rest and then while people sign in at ten times the rate at which Argon2id alone, in a process of its own with both cores to itself, verifies passwords. Two processes make the load; those who sign in are 5,000 accounts, all with the right password, and nobody tries again. Production build, default settings, log to a pipe, PostgreSQL. Nothing is kept to a core: service, database and both loads share those of the machine.',
    'No read may fail and nothing may be left unanswered, else the run ends. A sign-in is served, or refused with 503 and Retry-After. `Served` is sign-ins a second during the flood, by the capacity. Memory is what the system holds for the process, at its most during the flood, over what it was before.'
  ],
  async run(scale) {
    const { rounds, seconds, people } = SCALES[scale]
    const fleet = createFleet()
    try {
      const { url } = await fleet.postgres()
      const cores = cpus().length
      const argon2 = await fleet.server('argon2', { env: { AT_ONCE: String(cores) } })
      const server = await fleet.server('latchkey', { output: 'pipe', env: settingsOver(url) })
      const [reader, flood] = [fleet.load(), fleet.load()]
      await server.tell('people', people)
      const tokens = await server.tell<string[]>('tokens', 100)
      await reader.prepare('reads', getsWith(tokens))
      await flood.prepare('sign-ins', signIns(people, '/api/v1/auth/login', SERVED_OR_REFUSED, { delivery: 'body' }))
      const figures = {
        rest: [] as number[],
        flood: [] as number[],
        served: [] as number[],
        refusal: [] as number[],
        memory: [] as number[]
      }
      let from = 0
      for (let round = 0; round < 1 + rounds; round += 1) {
        const hashes = 25 * cores * seconds
        const capacity = (hashes / (await argon2.tell<number>('verify', hashes))) * 1000
        const rest = await read(reader, server, seconds)
        const before = await server.usage()
        const count = Math.ceil(capacity * TIMES_THE_CAPACITY * seconds)
        const flooding = flood.run({
          set: 'sign-ins',
          port: server.port,
          count,
          from,
          atOnce: count,
          perSecond: capacity * TIMES_THE_CAPACITY
        })
        from += count
        const [during, outcome, most] = await Promise.all([
          read(reader, server, seconds),
          flooding,
          mostResident(server, seconds)
        ])
        if (round === 0) continue
        figures.rest.push(rest)
        figures.flood.push(during)
        figures.served.push((outcome.latencies.get(200)?.length ?? 0) / (outcome.milliseconds / 1000) / capacity)
        figures.refusal.push(percentile(outcome.latencies.get(503), 0.99))
        figures.memory.push((most - before.resident) / 2 ** 20)
      }
      const rows: Cell[][] = [
        ['reads at rest, p99, ms', spreadOf(figures.rest)],
        ['reads during the flood, p99, ms', spreadOf(figures.flood)],
        ['flood / rest', ratioOf(figures.flood, figures.rest)],
        ['refusals, p99, ms', spreadOf(figures.refusal)],
        ['served / capacity', spreadOf(figures.served)],
        ['memory, MiB more', spreadOf(figures.memory)]
      ]
      return [{ title: `A flood of sign-ins on ${cores} cores`, columns: ['', 'Latchkey'], rows }]
    } finally {
      await fleet.stop()
    }
  }
} satisfies Suite

/** The 99th percentile of the reads, in milliseconds. */
async function read(load: Load, { port }: Server, seconds: number): Promise<number> {
  const count = READS_A_SECOND * seconds
  const { latencies } = await load.run({ set: 'reads', port, count, atOnce: 200, perSecond: READS_A_SECOND })
  return percentile(latencies.get(200), 0.99)
}

function percentile(values: Float64Array | undefined, share: number): number {
  const sorted = [...(values ?? [])].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN
}

async function mostResident(server: Server, seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1000
  let most = 0
  while (performance.now() < until) {
    most = Math.max(most, (await server.usage()).resident)
    await sleep(100)
  }
  return most
}
