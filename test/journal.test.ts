import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import t from 'tap'
import { createJournal, type Position } from '../src/db/journal.ts'
import { openDatabase } from '../src/db/open.ts'
import type { Revocation } from '../src/domain/revocation-index.ts'
import { engine, freshDatabase, type Test } from './support/database.ts'

async function journalOver(t: Test, url: string) {
  const database = await openDatabase({ url, poolSize: 4, timeoutMilliseconds: 5000 })
  t.teardown(() => database.close())
  const journal = createJournal(database)
  const write = (id: string, lifetime = '1 hour') =>
    database.run(
      sql`insert into revocations (kind, id, until) values ('token', ${id}, clock_timestamp() + ${lifetime}::interval)`
    )
  const load = async (): Promise<{ position: Position; ids: string[] }> => {
    const ids: string[] = []
    return { position: await journal.load((entries) => ids.push(...idsOf(entries))), ids }
  }
  return { journal, database, write, load }
}
const idsOf = (entries: readonly Revocation[] = []) => entries.map(({ id }) => id)

t.test('a reading brings what came since the one before, and each entry once', async (t) => {
  const { journal, write, load } = await journalOver(t, await freshDatabase(t))
  await write('old')
  await write('over', '-1 second')
  const { position, ids } = await load()
  t.strictSame(ids, ['old'])
  const none = await journal.readSince(position)
  t.strictSame(idsOf(none?.entries), [])
  await write('a')
  await write('b')
  const some = await journal.readSince(position)
  t.strictSame(idsOf(some?.entries).sort(), ['a', 'b'])
  t.strictSame(idsOf((await journal.readSince(some?.position ?? position))?.entries), [])
  t.ok(Math.abs((some?.now ?? 0) - Date.now()) < 60_000)
})

t.test('all are loaded, however many parts it takes', async (t) => {
  const { database, load } = await journalOver(t, await freshDatabase(t))
  const count = 20_000
  await database.run(sql`
    insert into revocations (kind, id, until)
    select 'session', 's' || n, clock_timestamp() + interval '1 hour' from generate_series(1, ${count}::int) n`)
  const { ids } = await load()
  t.equal(ids.length, count)
  t.equal(new Set(ids).size, count)
})

t.test('a position of another life of the database, or none at all, is refused', async (t) => {
  const { journal, load } = await journalOver(t, await freshDatabase(t))
  const { position } = await load()
  t.not(await journal.readSince(position), null)
  for (const wrong of [
    { ...position, epoch: '1' },
    { ...position, snapshot: '99999999:99999999:' },
    { ...position, snapshot: 'x' },
    { ...position, snapshot: '9:5:' }
  ])
    t.equal(await journal.readSince(wrong), null, JSON.stringify(wrong))
})

// Two transactions at once need a server.
t.test('an entry whose transaction began before the reading and ended after it is not passed by', async (t) => {
  const url = await freshDatabase(t, { engine: 'postgres' })
  const { journal, write, load } = await journalOver(t, url)
  const other = postgres(url, { max: 1, onnotice: () => undefined })
  t.teardown(() => other.end())
  await other`begin`
  await other`insert into revocations (kind, id, until) values ('token', 'early', clock_timestamp() + interval '1 hour')`
  await write('late')
  const { position, ids } = await load()
  t.strictSame(ids, ['late'], 'with a lower number than that which is there')
  await write('later')
  const between = await journal.readSince(position)
  t.strictSame(idsOf(between?.entries), ['later'])
  await other`commit`
  const after = await journal.readSince(between?.position ?? position)
  t.strictSame(idsOf(after?.entries), ['early'], `whatever the engine of this run, ${engine}`)
})
