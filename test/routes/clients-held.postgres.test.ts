import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { signInAdmin, startAppOver, type TestApp } from '../support/app.ts'
import {
  askToken,
  CLIENTS,
  clientToken,
  introspect,
  knockAsService,
  makeClient,
  oauthOutcome,
  type TestClient
} from '../support/clients.ts'
import { freshDatabase } from '../support/database.ts'
import { run } from '../support/instance.ts'
import { startPostgres } from '../support/pg-server.ts'
import { claimsOf } from '../support/reading.ts'

t.setTimeout(120_000)
const INVALID = '401 invalid_client'
const STALE = '401 token_stale'
const LEDGER = 'https://ledger.example'
const POWERS = { permissions: ['tokens:introspect', 'users:read'], audiences: [LEDGER] }

const asks = async (app: TestApp, client: Pick<TestClient, 'id' | 'secret'>) =>
  oauthOutcome(await askToken(app, client))

/** A connection of the test's own. */
function connect(t: Test, url: string) {
  const sql = postgres(url, { max: 1, onnotice: () => undefined })
  t.teardown(() => sql.end())
  return sql
}

/** What is answered in the end; what is waited for is many times what the contract allows, and far less than a minute. */
async function until<Answer>(isExpected: (answer: Answer) => boolean, ask: () => Promise<Answer>): Promise<Answer> {
  let answer = await ask()
  for (let tries = 0; !isExpected(answer) && tries < 200; tries++) {
    await sleep(20)
    answer = await ask()
  }
  return answer
}

/** Waits until a statement of somebody else waits for a lock. */
const somebodyWaits = (sql: postgres.Sql) =>
  until(
    (waiting: number) => waiting > 0,
    async () => {
      // Within a transaction pg_stat_activity stays as it was first read, unless it is let go of.
      await sql`select pg_stat_clear_snapshot()`
      const waiting = await sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      return waiting.length
    }
  )

t.test('who showed the secret a moment ago waits for no other statement', async (t) => {
  const url = await freshDatabase(t, { engine: 'postgres' })
  const app = await startAppOver(t, url)
  const { accessToken: admin } = await signInAdmin(app)
  const [held, other] = [await makeClient(app, admin, POWERS), await makeClient(app, admin, POWERS)]
  t.equal(await asks(app, held), '200')
  const sql = connect(t, url)
  await sql`begin`
  await sql`lock table clients, client_secrets in access exclusive mode`
  const late = asks(app, other)
  for (let i = 0; i < 20; i++) t.equal(await asks(app, held), '200')
  t.equal(oauthOutcome(await introspect(app, held, 'x')), '200')
  t.equal(await Promise.race([late, sleep(100, 'waits')]), 'waits')
  await sql`commit`
  t.equal(await late, '200')
})

t.test('what is taken from a client is known to every other instance by itself, whoever took it', async (t) => {
  for (const mode of ['listen', 'poll']) {
    const url = await freshDatabase(t, { engine: 'postgres' })
    const one = await startAppOver(t, url, { REVOCATION_SYNC: mode })
    const two = await startAppOver(t, url, { REVOCATION_SYNC: mode })
    const { accessToken: admin } = await signInAdmin(one)
    const patch = (body: object) => (client: TestClient) =>
      one.send('PATCH', `${CLIENTS}/${client.id}`, { token: admin, body })
    const remove = (path: (client: TestClient) => string) => (client: TestClient) =>
      one.send('DELETE', `${CLIENTS}/${path(client)}`, { token: admin })
    const scope = async (client: TestClient) => String(claimsOf(await clientToken(two, client))['scope'])
    const target = async (client: TestClient) => oauthOutcome(await askToken(two, client, { resource: LEDGER }))
    const token = (client: TestClient) => asks(two, client)

    for (const [what, change, ask, before, after] of [
      ['a secret', remove(({ id, secretId }) => `${id}/secrets/${secretId}`), token, '200', INVALID],
      ['all, for a while', patch({ disabled: true }), token, '200', INVALID],
      ['all, for ever', remove(({ id }) => id), token, '200', INVALID],
      ['a permission', patch({ permissions: ['users:read'] }), scope, 'tokens:introspect users:read', 'users:read'],
      ['a permission that is added', patch({ permissions: ['a:b'] }), scope, 'tokens:introspect users:read', 'a:b'],
      ['an audience', patch({ audiences: [] }), target, '200', '400 invalid_target']
    ] as const) {
      const client = await makeClient(one, admin, POWERS)
      t.equal(await token(client), '200')
      t.equal(await ask(client), before)
      t.ok((await change(client)).statusCode < 300)
      const answer = await until(
        (answer) => answer === after,
        () => ask(client)
      )
      t.equal(answer, after, `${what}, ${mode}`)
    }

    const client = await makeClient(one, admin, POWERS)
    const settings = { DATABASE_URL: url, REVOCATION_SYNC: mode }
    for (const expected of ['200', INVALID]) {
      t.equal(await asks(two, client), '200')
      t.equal((await run(['client', 'rotate-secret', client.id], settings)).code, 0)
      const answer = await until(
        (answer) => answer === expected,
        () => asks(two, client)
      )
      t.equal(answer, expected, `from the command line, ${mode}`)
    }
    await one.app.close()
    await two.app.close()
  }
})

t.test('an answer that was under way while something was taken is good once, and never again', async (t) => {
  const url = await freshDatabase(t, { engine: 'postgres' })
  const one = await startAppOver(t, url)
  const two = await startAppOver(t, url)
  const { accessToken: admin } = await signInAdmin(one)
  const sql = connect(t, url)
  // A statement that has found the secret right writes that down, and here it waits before it does: what it has seen is settled.
  await sql.unsafe(`
    create function wait_for_test() returns trigger language plpgsql as
      'begin perform pg_advisory_xact_lock(1); return new; end';
    create trigger wait_for_test before update on client_secrets for each row execute function wait_for_test()`)

  for (const [who, taker] of [
    ['by itself', two],
    ['by another', one]
  ] as const) {
    for (const [what, take, after] of [
      ['a permission', { permissions: ['users:read'] }, 'users:read'],
      ['all of them', { permissions: [] }, 'undefined'],
      ['none: one was added', { permissions: ['a:b', ...POWERS.permissions] }, 'a:b tokens:introspect users:read']
    ] as const) {
      const client = await makeClient(one, admin, POWERS)
      const heard = new Promise<void>((resolve) => {
        two.app.revocations.hear(
          ({ id }) => {
            if (id === client.id) resolve()
          },
          () => undefined
        )
      })
      await sql`begin`
      await sql`select pg_advisory_xact_lock(1)`
      const underWay = clientToken(two, client)
      await somebodyWaits(sql)
      await taker.send('PATCH', `${CLIENTS}/${client.id}`, { token: admin, body: take })
      await heard
      await sql`commit`
      const token = await underWay
      t.equal(claimsOf(token)['scope'], 'tokens:introspect users:read', 'it was asked for before')
      t.equal(await knockAsService(two, token), after.startsWith('a:b') ? '200' : STALE)
      t.equal(String(claimsOf(await clientToken(two, client))['scope']), after, `${what}, ${who}`)
    }
  }
})

t.test('what another life of the database accepted is asked again', async (t) => {
  const server = await startPostgres()
  t.teardown(() => server.stop())
  const app = await startAppOver(t, server.url)
  const { accessToken: admin } = await signInAdmin(app)
  const [kept, lost] = [await makeClient(app, admin, POWERS), await makeClient(app, admin, POWERS)]
  t.strictSame([await asks(app, kept), await asks(app, lost)], ['200', '200'])
  const life = () => Promise.resolve(app.app.revocations.reached().position.epoch)
  const before = await life()
  await server.down('INT')
  await server.up()
  // As after a failover to a server, or a return to a backup, that does not have it: nothing in the journal says so.
  const sql = postgres(server.url, { max: 1 })
  await sql`delete from client_secrets where client_id = ${lost.id}`
  await sql.end()
  t.not(await until((now) => now !== before, life), before, 'what is read now is of another life')
  t.strictSame([await asks(app, lost), await asks(app, kept)], [INVALID, '200'])
})
