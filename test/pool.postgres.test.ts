import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { createPool } from '../src/db/postgres-pool.ts'
import { freshDatabase } from './support/database.ts'
import { openLink } from './faults/proxy.ts'

t.setTimeout(60_000)

// An embedded database has no connections.
const url = new URL(await freshDatabase(t, { engine: 'postgres', migrated: false }))
const link = await openLink(Number(url.port))
t.teardown(() => link.close())
url.port = String(link.port)

function poolOf(milliseconds: number) {
  const options = { max: 1, prepare: true, fetch_types: false, connect_timeout: 1.5, backoff: () => 0.5 }
  const pool = createPool(url.href, { ...options, onnotice: () => undefined }, milliseconds)
  t.teardown(() => pool.close())
  return pool
}
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'answered',
    (error: unknown) => (error instanceof Error ? error.message : String(error))
  )
const GONE = 'The database cannot be reached.'

t.test('a statement that is given up while its connection is being made leaves the pool well', async (t) => {
  const pool = poolOf(1000)
  await link.suffer({ kind: 'half-open', which: 'all' })
  // The first starts a connection that leads nowhere, and that is given up after 1.5 s. The second is to start the next one half
  // a second later, and is over just before that: the connection comes, over a link that is well by then, when nobody waits.
  const first = outcome(pool.run(sql`select 1`))
  await sleep(900)
  const second = outcome(pool.run(sql`select 1`))
  t.strictSame(await Promise.all([first, second]), [GONE, GONE])
  await link.suffer({ kind: 'pass' })
  await sleep(1000)
  for (let i = 0; i < 3; i++) t.equal(await outcome(pool.run(sql`select 1`)), 'answered')
})

t.test('what waits for a connection until its time is over is not carried out later', async (t) => {
  const pool = poolOf(500)
  await pool.run(sql`create table written (what text)`)
  const slow = outcome(pool.run(sql`select pg_sleep(1.5)`))
  const waiting = outcome(pool.run(sql`insert into written values ('late')`))
  t.strictSame(await Promise.all([slow, waiting]), [GONE, GONE])
  await sleep(1500)
  t.strictSame([...(await pool.run(sql`select * from written`))], [])
})
