import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { freshDatabase } from '../support/database.ts'
import { openLink, type Link } from './proxy.ts'

// A fault that does nothing proves nothing: each is looked at through the driver that the service has.
t.setTimeout(120_000)
const direct = await freshDatabase(t, { engine: 'postgres', migrated: false })
const past = postgres(direct, { max: 1, onnotice: () => undefined })
t.teardown(() => past.end())
await past`create table marks (name text primary key)`

interface Linked {
  readonly link: Link
  readonly sql: postgres.Sql
}

async function linked(t: Test): Promise<Linked> {
  const link = await openLink(Number(new URL(direct).port))
  const sql = postgres(urlOf(link), { max: 1, onnotice: () => undefined, connect_timeout: 1, backoff: () => 0.05 })
  t.teardown(() => link.close())
  t.teardown(() => sql.end({ timeout: 0 }))
  await sql`select 1`
  return { link, sql }
}

const SILENCE = 'silence'
/** What comes of a statement: its rows, the code of its error, or nothing for a good while. */
async function outcome(statement: Promise<unknown>): Promise<string> {
  const answer = statement.then(
    () => 'done',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error))
  )
  return Promise.race([answer, sleep(600).then(() => SILENCE)])
}

const mark = async ({ sql }: Linked, name: string) => outcome(sql`insert into marks (name) values (${name})`)
const isMarked = async (name: string) => (await past`select from marks where name = ${name}`).length === 1
const BROKEN = 'CONNECTION_CLOSED'

t.test('a link without a fault lets everything through', async (t) => {
  const all = await linked(t)
  t.equal(await mark(all, 'pass'), 'done')
  const [row] = await all.sql<{ length: number }[]>`select length(${'x'.repeat(300_000)}::text) as length`
  t.equal(row?.length, 300_000)
})

t.test('cut before the commit, a change has not happened; cut after it, it has; neither is answered', async (t) => {
  for (const kind of ['cut-before', 'cut-after'] as const) {
    const all = await linked(t)
    // Once as it is first prepared, and once as it is run again by its name.
    t.equal(await mark(all, `${kind} prepared`), 'done')
    for (const again of ['first', 'second']) {
      await all.link.suffer({ kind, oneIn: 1 })
      t.equal(await outcome(all.sql`select count(*) from marks`), 'done', 'what only reads goes through')
      t.equal(await mark(all, `${kind} ${again}`), BROKEN)
      t.equal(await isMarked(`${kind} ${again}`), kind === 'cut-after', `${kind}, ${again}`)
      await all.link.suffer({ kind: 'pass' })
    }
    t.equal(await mark(all, `${kind} healed`), 'done')
  }
})

t.test(
  'what is swallowed is the answer to the change, not to what was asked on the same connection before',
  async (t) => {
    const all = await linked(t)
    await mark(all, 'warm')
    await all.link.suffer({ kind: 'cut-after', oneIn: 1 })
    const pipelined = await Promise.all([
      outcome(all.sql`select 1`),
      mark(all, 'pipelined'),
      outcome(all.sql`select 2`)
    ])
    t.strictSame(pipelined.slice(0, 2), ['done', BROKEN])
    t.ok(await isMarked('pipelined'))
  }
)

t.test('a link that is cut breaks what is open, and refuses or takes what is new', async (t) => {
  const all = await linked(t)
  const hanging = outcome(all.sql`select pg_sleep(5)`)
  await sleep(100)
  await all.link.suffer({ kind: 'cut', then: 'refuse' })
  t.equal(await hanging, BROKEN)
  t.equal(await outcome(all.sql`select 1`), 'ECONNREFUSED')
  await all.link.suffer({ kind: 'cut', then: 'accept' })
  t.equal(await outcome(all.sql`select 1`), 'done')
})

t.test('a half-open link says nothing, and what was open stays so after it is whole again', async (t) => {
  for (const which of ['all', 'existing'] as const) {
    const all = await linked(t)
    await all.link.suffer({ kind: 'half-open', which })
    t.equal(await mark(all, `half-open ${which}`), SILENCE)
    const fresh = postgres(urlOf(all.link), { max: 1, connect_timeout: 1 })
    t.teardown(() => fresh.end({ timeout: 0 }))
    t.equal(await outcome(fresh`select 1`), which === 'all' ? SILENCE : 'done')
    await all.link.suffer({ kind: 'pass' })
    t.equal(await outcome(all.sql`select 1`), SILENCE)
    t.notOk(await isMarked(`half-open ${which}`))
  }
})

t.test('what is late is late by that much, and in order', async (t) => {
  const { link, sql } = await linked(t)
  await link.suffer({ kind: 'late', milliseconds: 200 })
  const from = performance.now()
  const answers: number[] = []
  await Promise.all([1, 2, 3].map(async (n) => answers.push(Number((await sql`select ${n}::int as n`)[0]?.['n']))))
  t.ok(performance.now() - from >= 200, 'its lateness is the subject')
  t.strictSame(answers, [1, 2, 3])
  const last = outcome(sql`select 4`)
  await link.suffer({ kind: 'pass' })
  t.equal(await last, 'done')
})

t.test('a deaf listener hears nothing, also later, while everything else is answered', async (t) => {
  const { link, sql } = await linked(t)
  const heard: string[] = []
  await sql.listen('bell', (payload) => heard.push(payload))
  await past`select pg_notify('bell', 'before')`
  await sleep(200)
  await link.suffer({ kind: 'deaf' })
  await past`select pg_notify('bell', 'during')`
  t.equal(await outcome(sql`select 1`), 'done')
  await link.suffer({ kind: 'pass' })
  await past`select pg_notify('bell', 'after')`
  await sleep(200)
  t.strictSame(heard, ['before'])
})

function urlOf(link: Link): string {
  const url = new URL(direct)
  url.port = String(link.port)
  return url.href
}
