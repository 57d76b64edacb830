import { sql } from 'drizzle-orm'
import t from 'tap'
import { join, signInAdmin, startApp, type Settings, type TestApp } from '../support/app.ts'
import { readFeed, type FeedEvent } from '../support/feed.ts'
import type { Test } from '../support/database.ts'
import { claimsOf, sessionOf } from '../support/reading.ts'

t.setTimeout(300_000)

async function listening(t: Test, settings: Settings = {}): Promise<{ app: TestApp; url: string; admin: string }> {
  const app = await startApp(t, settings)
  const url = await app.app.listen({ host: '127.0.0.1', port: 0 })
  return { app, url, admin: (await signInAdmin(app)).accessToken }
}

const isBeat = ({ event }: FeedEvent) => event === 'heartbeat'
const isAbout = (id: unknown) => (event: FeedEvent) => event.data['id'] === id
const logout = (app: TestApp, token: string) => app.send('POST', '/api/v1/auth/logout', { token })

t.test('the feed begins with all that is in force, says up to when, and goes on with what happens', async (t) => {
  const { app, url, admin } = await listening(t)
  const [before, after] = [await join(app, 'before@example.com'), await join(app, 'after@example.com')]
  await logout(app, before.accessToken)

  const reader = await readFeed(url, admin)
  t.match(reader.answer, {
    statusCode: 200,
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  })
  const beat = await reader.find(isBeat)
  const beginning = reader.events.slice(0, reader.events.indexOf(beat))
  t.strictSame(
    beginning.map(({ event, id, data }) => [event, id, data['kind'], data['id']]).sort(),
    [
      ['snapshot', null, 'session', sessionOf(before.accessToken)],
      ['snapshot', null, 'token', claimsOf(before.accessToken)['jti']]
    ].sort(),
    'nothing has an id before all of it has been told'
  )
  t.ok(Math.abs(Date.parse(String(beat.data['confirmed_at'])) - Date.now()) < 10_000)
  t.type(beat.id, 'string')

  await logout(app, after.accessToken)
  const told = await reader.find(isAbout(sessionOf(after.accessToken)))
  t.strictSame([told.event, typeof told.id], ['revoked', 'string'])
  t.ok(Date.parse(String(told.data['until'])) > Date.now() + 3_600_000, 'kept as long as any token can live')
  reader.leave()
})

t.test('changes of a user carry the versions below which tokens are stale or over', async (t) => {
  const { app, url, admin } = await listening(t)
  const { id, accessToken } = await join(app, 'changed@example.com')
  const version = Number(claimsOf(accessToken)['ver'])
  const reader = await readFeed(url, admin)
  await app.send('PATCH', `/api/v1/users/${id}`, { token: admin, body: { roles: ['admin'] } })
  const { until: _first, ...stale } = (await reader.find(isAbout(id))).data
  t.strictSame(stale, { kind: 'subject', id, stale_below: version + 1 })
  await app.send('POST', `/api/v1/users/${id}/revoke`, { token: admin })
  const over = await reader.find(({ data }) => data['revoked_below'] !== undefined)
  t.match(over.data, { kind: 'subject', id, revoked_below: version + 2 })
  reader.leave()
})

t.test('who comes again is told what was missed, and not all anew', async (t) => {
  const { app, url, admin } = await listening(t)
  const [first, second, third] = await Promise.all(['a', 'b', 'c'].map((name) => join(app, `${name}@example.com`)))
  await logout(app, first?.accessToken ?? '')
  // An id is as old as the newest reading; what happened since may be told twice.
  await new Promise((resolve) => setTimeout(resolve, 500))
  const reader = await readFeed(url, admin)
  const seen = await reader.find(isBeat)
  reader.leave()
  await logout(app, second?.accessToken ?? '')

  const again = await readFeed(url, admin, seen.id ?? '')
  await again.find(isBeat)
  t.notOk(again.events.some(({ event }) => event === 'snapshot'))
  t.ok(again.events.some(isAbout(sessionOf(second?.accessToken ?? ''))))
  t.notOk(again.events.some(isAbout(sessionOf(first?.accessToken ?? ''))))
  await logout(app, third?.accessToken ?? '')
  await again.find(isAbout(sessionOf(third?.accessToken ?? '')))
  again.leave()
})

t.test('an id that says nothing here gives all anew', async (t) => {
  const { app, url, admin } = await listening(t)
  const { accessToken } = await join(app, 'gone@example.com')
  await logout(app, accessToken)
  const reader = await readFeed(url, admin)
  const { id } = await reader.find(isBeat)
  reader.leave()
  const [epoch = '', snapshot = ''] = (id ?? '').split('-')
  const from = snapshot.split(':')[0] ?? ''
  for (const wrong of [
    `1-${snapshot}`,
    `${epoch}-9:5:`,
    `${epoch}-5:9:12`,
    `${epoch}-${from}:99999999999999:`,
    `${epoch}-99999999999999999999:99999999999999999999:`,
    'nonsense',
    "1-1:1:'",
    epoch,
    ''
  ]) {
    const again = await readFeed(url, admin, wrong)
    await again.find(isBeat)
    t.ok(
      again.events.some(({ event, data }) => event === 'snapshot' && data['id'] === sessionOf(accessToken)),
      wrong
    )
    again.leave()
  }
})

t.test('a stream ends with its token: when it is revoked, and when it expires', async (t) => {
  const { app, url, admin } = await listening(t)
  const witness = await readFeed(url, (await signInAdmin(app)).accessToken)
  const nextBeat = async () => {
    const seen = witness.events.length
    return witness.find((event) => isBeat(event) && witness.events.indexOf(event) >= seen)
  }
  const reader = await readFeed(url, admin)
  await reader.find(isBeat)
  await nextBeat()
  await logout(app, admin)
  t.equal(await Promise.race([reader.ended, nextBeat()]), 'ended', 'at once, and not when it is next looked at')
  witness.leave()
  t.ok(reader.events.some(isAbout(sessionOf(admin))), 'and the end has been told before')

  const short = await listening(t, { ACCESS_TOKEN_TTL: '1s' })
  const expiring = await readFeed(short.url, short.admin)
  await expiring.find(isBeat)
  t.equal(await expiring.ended, 'ended')
})

t.test('streams end before the service stops, and so does the service', async (t) => {
  const { app, url, admin } = await listening(t)
  const readers = [await readFeed(url, admin), await readFeed(url, admin)]
  await Promise.all(readers.map((reader) => reader.find(isBeat)))
  await app.app.close()
  t.strictSame(await Promise.all(readers.map(({ ended }) => ended)), ['ended', 'ended'])
})

t.test('a reader that does not read is cut off, however much happens, and the others are told all', async (t) => {
  const { app, url, admin } = await listening(t)
  const [slow, quick] = [await readFeed(url, admin), await readFeed(url, admin)]
  await Promise.all([slow.find(isBeat), quick.find(isBeat)])
  slow.answer.pause()
  const connections = () =>
    new Promise<number>((resolve) => {
      app.app.server.getConnections((_error, count) => {
        resolve(count)
      })
    })
  // By another writer than this instance. What the system itself holds for a reader is a few megabytes.
  let count = 0
  for (; count < 400_000 && (await connections()) > 1; count += 2000) {
    await app.app.database.run(sql`
      insert into revocations (kind, id, until)
      select 'token', gen_random_uuid()::text, clock_timestamp() + interval '1 hour' from generate_series(1, 2000)`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const told = () => quick.events.filter(({ event }) => event === 'revoked').length
  while (told() < count) await new Promise((resolve) => setTimeout(resolve, 50))
  slow.answer.resume()
  t.equal(await slow.ended, 'cut off')
  t.ok(slow.events.length < count)
  quick.leave()
})

t.test('HEAD is as GET, and ends', async (t) => {
  const { app, admin } = await listening(t)
  const head = await app.send('HEAD', '/oauth2/revocations', { token: admin })
  t.strictSame([head.statusCode, head.headers['content-type'], head.body], [200, 'text/event-stream', ''])
})
