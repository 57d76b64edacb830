import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import t from 'tap'
import { ADMIN_EMAIL, PASSWORD, ROOT_SECRET } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { headerOf } from '../support/reading.ts'
import { startFleet } from './fleet.ts'
import { startTraffic } from './traffic.ts'

t.setTimeout(300_000)
const NEWER_SECRET = 'a newer root secret for tests of more than 32 bytes'
const PEOPLE = ['a', 'b', 'c', 'd'].map((name) => `${name}@example.com`)
const ROTATIONS = 3
/** What the published keys may be kept for at that interval. */
const [INTERVAL, MAX_AGE] = ['6s', 2000]

// Two instances over one database.
const settings = {
  DATABASE_URL: await freshDatabase(t, { engine: 'postgres' }),
  RATE_LIMIT: 'off',
  ARGON2_QUEUE: '1000',
  LOG_LEVEL: 'info'
}
const sql = postgres(settings.DATABASE_URL, { max: 1 })
t.teardown(() => sql.end())
const rotations = async () => {
  const [row] = await sql<{ n: number }[]>`select count(*)::int as n from audit_events where action = 'key.rotated'`
  return row?.n ?? 0
}

t.test('keys, algorithm and root secret change under way, and a key is revoked: not one wrong answer', async (t) => {
  const fleet = await startFleet(t, 2, { ...settings, KEY_ROTATION_INTERVAL: INTERVAL })
  for (const email of PEOPLE) {
    await fleet.any().call('POST', '/api/v1/auth/register', { email, password: PASSWORD })
  }
  const traffic = startTraffic(fleet, PEOPLE, { maxAgeMilliseconds: MAX_AGE })
  const algorithms = () => [...traffic.kids.values()]

  while ((await rotations()) < ROTATIONS) await delay(100)
  t.ok(algorithms().every((algorithm) => algorithm === 'ES256'))

  const changed = { ...settings, JWT_ALGORITHM: 'EdDSA' }
  await fleet.roll(changed)
  while (algorithms().at(-1) !== 'EdDSA') await delay(100)

  await fleet.roll({ ...changed, LATCHKEY_SECRET: `${NEWER_SECRET},${ROOT_SECRET}` })
  await fleet.roll({ ...changed, LATCHKEY_SECRET: NEWER_SECRET })

  const login = { email: ADMIN_EMAIL, password: PASSWORD, delivery: 'body' }
  const admin = String((await fleet.any().call('POST', '/api/v1/auth/login', login)).body['access_token'])
  const kid = String(headerOf(admin)['kid'])
  const before = traffic.counts.refreshes
  const revoked = traffic.revoking(kid)
  const { status } = await fleet.any().call('POST', `/api/v1/keys/${kid}/revoke`, undefined, admin)
  revoked()
  t.equal(status, 204)
  // Long enough for what was published before to be forgotten.
  await delay(2 * MAX_AGE)
  const during = traffic.counts.refreshes
  await delay(MAX_AGE)
  await traffic.stop()

  t.strictSame(traffic.wrong, [])
  t.ok(before < during && during < traffic.counts.refreshes, 'people stayed signed in')
  t.ok(traffic.kids.size >= ROTATIONS + 3, 'tokens of the first key, three more, that of the change and its heir')
  t.ok((await rotations()) > ROTATIONS)
  t.equal(traffic.kids.get(kid), 'EdDSA')
  for (const [what, count] of Object.entries(traffic.counts)) t.ok(count > 20, `${count} ${what}`)
  const ends = await sql`select from audit_events where action in ('session.theft_assumed', 'session.ended')`
  t.equal(ends.length, 0)
})
