// node --import ./test/support/ts.mjs test/faults/propagation.ts [--count 1000] [--sync listen|poll]
// How long a revocation takes from one instance to the other: one acknowledges a sign-out, the other is asked with the
// token, back to back over one connection, until it refuses. Over a PostgreSQL of its own, or over the database that
// DATABASE_URL names, which may be behind a pooler; both ways to synchronise unless one is asked for.
import { parseArgs } from 'node:util'
import type { Test } from '../support/database.ts'
import { startInstance, type Instance } from '../support/instance.ts'
import { startPostgres } from '../support/pg-server.ts'
import { runScript } from '../support/script.ts'
import { createDatabase } from '../support/templates.ts'
import { createActs, type Person } from './acts.ts'
import { createClient } from './client.ts'
import { createHistory, type Tokens } from './history.ts'

const { values } = parseArgs({ options: { count: { type: 'string', default: '1000' }, sync: { type: 'string' } } })
const count = Number(values.count)
const syncs = values.sync === undefined ? ['listen', 'poll'] : [values.sync]

const WARM_UP = 20
/** Milliseconds after which a token that is accepted still is taken for one that always will be. */
const MOST_MILLISECONDS = 10_000
/** Revocations come at any moment of a reader's pause, not right behind the one before; at most so many milliseconds apart. */
const MOST_APART = 60

await runScript(async (t) => {
  for (const sync of syncs) console.log(lineOf(sync, await measure(t, sync)))
  return { failed: false }
})

async function measure(t: Test, sync: string): Promise<readonly number[]> {
  const settings = { DATABASE_URL: await databaseUrl(t, sync), REVOCATION_SYNC: sync, RATE_LIMIT: 'off' }
  const instances = [await startInstance(t, settings), await startInstance(t, settings)] as const
  const ports = [portOf(instances[0]), portOf(instances[1])] as const
  const client = createClient(MOST_MILLISECONDS)
  const acts = createActs({
    client,
    history: createHistory(),
    portOf: (instance) => ports[instance],
    adminToken: ''
  })
  const person: Person = { email: `p${Date.now()}@example.com`, id: null, password: 'a password to be measured with' }
  await acts.register(0, person)
  const times: number[] = []
  for (let i = 0; i < WARM_UP + count; i++) {
    const tokens = await acts.signIn(0, person)
    if (tokens === null) throw new Error('There is no signing in.')
    if ((await acts.probe(1, person, tokens)).outcome !== 'ok') throw new Error('A fresh token is refused.')
    await new Promise((resolve) => setTimeout(resolve, Math.random() * MOST_APART))
    const time = await timeOf(acts, person, tokens)
    if (i >= WARM_UP) times.push(time)
  }
  client.close()
  for (const instance of instances) await instance.end('SIGTERM')
  return times
}

/** Milliseconds from the acknowledgement until the first refusal has come; never less than one request takes. */
async function timeOf(acts: ReturnType<typeof createActs>, person: Person, tokens: Tokens): Promise<number> {
  if ((await acts.signOut(0, person, tokens)).outcome !== 'ok') throw new Error('A sign-out was not acknowledged.')
  const from = performance.now()
  for (;;) {
    const { outcome, text } = await acts.probe(1, person, tokens)
    const time = performance.now() - from
    if (outcome === 'refused') return time
    if (outcome === 'unknown' || time > MOST_MILLISECONDS)
      throw new Error(`Not refused, but ${text}, after ${time} ms.`)
  }
}

async function databaseUrl(t: Test, sync: string): Promise<string> {
  const given = process.env['DATABASE_URL']
  if (given !== undefined) return given
  const server = await startPostgres({ fsync: true })
  t.teardown(() => server.stop())
  return createDatabase(server.url, `propagation_${sync}`, false)
}

function portOf({ url }: Instance): number {
  return Number(new URL(url).port)
}

function lineOf(sync: string, times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) => (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN).toFixed(1)
  return `${sync.padEnd(6)} ${sorted.length} revocations: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`
}
