import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { signInAdmin, startApp } from '../support/app.ts'
import { assertionOf, byAssertion, makeAssertionKey } from '../support/assertions.ts'
import { basic, form, GRANT, makeClient, NOBODY, oauthOutcome, type TestClient } from '../support/clients.ts'
import { events } from '../support/reading.ts'

const app = await startApp(t)
const { accessToken: admin } = await signInAdmin(app)
const WRONG = '401 invalid_client'
const LIMITED = '429 temporarily_unavailable'

const ask = (client: Pick<TestClient, 'id' | 'secret'>, remoteAddress: string, over = app) =>
  form(over, '/oauth2/token', GRANT, { headers: basic(client), remoteAddress })
const right = async (client: TestClient, address: string, over = app) => oauthOutcome(await ask(client, address, over))
const wrong = async ({ id }: Pick<TestClient, 'id'>, address: string, over = app) =>
  oauthOutcome(await ask({ id, secret: 'lks_guess' }, address, over))

async function failTimes(t: Test, times: number, one: (index: number) => Promise<string>) {
  const outcomes = new Set<string>()
  for (let i = 0; i < times; i++) outcomes.add(await one(i))
  t.strictSame([...outcomes], [WRONG], `${times} times`)
}
const failures = (id: string, token = admin, over = app) =>
  events(over, token, { subject: id, action: 'client.authentication_failed', limit: '100' })

t.test(
  'after ten wrong secrets from one address a client id is not tried there any more, but by its owner',
  async (t) => {
    const [client, neighbour] = [await makeClient(app, admin), await makeClient(app, admin)]
    await failTimes(t, 10, () => wrong(client, '192.0.2.1'))
    const refused = await ask({ id: client.id, secret: 'lks_guess' }, '192.0.2.1')
    t.equal(oauthOutcome(refused), LIMITED)
    t.match(refused.headers['retry-after'], /^[1-9]\d{0,2}$/)
    t.equal(refused.headers['cache-control'], 'no-store')
    t.equal(await right(client, '192.0.2.1'), '200', 'who knows the secret is never locked out, from there neither')
    t.equal(await wrong(client, '192.0.2.1'), LIMITED, 'and a success gives a guesser no more tries')
    t.equal(await wrong(client, '192.0.2.2'), WRONG, 'other addresses are counted for themselves')
    t.equal(await wrong(neighbour, '192.0.2.1'), WRONG, 'and so are other clients')
    t.equal(await right(neighbour, '192.0.2.1'), '200')
  }
)

t.test('wherever a client says who it is, its failures are the same ones', async (t) => {
  const key = makeAssertionKey('ES256')
  const client = await makeClient(app, admin, { permissions: ['tokens:introspect'], public_jwk: key.publicJwk })
  const bad = { id: client.id, secret: 'lks_guess' }
  const forged = () => byAssertion(assertionOf(makeAssertionKey('ES256'), client.id))
  const remoteAddress = '192.0.2.3'
  const ways = [
    () => form(app, '/oauth2/token', GRANT, { headers: basic(bad), remoteAddress }),
    () => form(app, '/oauth2/token', { ...GRANT, client_id: bad.id, client_secret: bad.secret }, { remoteAddress }),
    () => form(app, '/oauth2/token', { ...GRANT, ...forged() }, { remoteAddress }),
    () => form(app, '/oauth2/introspect', { token: 'x' }, { headers: basic(bad), remoteAddress }),
    () => form(app, '/oauth2/revoke', { token: 'x' }, { headers: basic(bad), remoteAddress })
  ]
  for (let round = 0; round < 2; round++) for (const way of ways) t.equal(oauthOutcome(await way()), WRONG)
  for (const way of ways) t.equal(oauthOutcome(await way()), LIMITED)
  const assertion = byAssertion(assertionOf(key, client.id))
  t.equal(oauthOutcome(await form(app, '/oauth2/token', { ...GRANT, ...assertion }, { remoteAddress })), '200')
  t.equal(
    oauthOutcome(await form(app, '/oauth2/introspect', { token: 'x' }, { headers: basic(client), remoteAddress })),
    '200'
  )
  const reasons = (await failures(client.id)).map(({ detail }) => detail['reason'])
  t.strictSame([reasons.length, [...new Set(reasons)].sort()], [10, ['wrong_assertion', 'wrong_secret']])
})

t.test(
  'who tries many clients from one address is stopped after a hundred failures, and their owners are not',
  async (t) => {
    const client = await makeClient(app, admin)
    await failTimes(t, 100, (i) => wrong({ id: NOBODY.replace(/..$/, String(i).padStart(2, '0')) }, '192.0.2.4'))
    t.equal(await wrong(client, '192.0.2.4'), LIMITED)
    t.equal(await wrong({ id: 'another' }, '192.0.2.4'), LIMITED)
    t.equal(await right(client, '192.0.2.4'), '200')
    t.equal(await wrong(client, '192.0.2.5'), WRONG)
  }
)

t.test('a client that does not exist is limited alike', async (t) => {
  const real = await makeClient(app, admin)
  for (const client of [real, { id: NOBODY }]) {
    await failTimes(t, 10, () => wrong(client, '192.0.2.6'))
    t.equal(await wrong(client, '192.0.2.6'), LIMITED)
  }
})

t.test('the addresses of one IPv6 network count as one', async (t) => {
  const client = await makeClient(app, admin)
  await failTimes(t, 10, (i) => wrong(client, `2001:db8:1:2::${(i * 4097).toString(16)}`))
  t.equal(await wrong(client, '2001:db8:1:2:ffff::1'), LIMITED)
  t.equal(await wrong(client, '2001:db8:1:3::1'), WRONG)
})

t.test('many wrong secrets at once get no further than many in a row', async (t) => {
  const client = await makeClient(app, admin)
  const outcomes = await Promise.all(Array.from({ length: 40 }, () => wrong(client, '192.0.2.7')))
  t.equal(outcomes.filter((one) => one === WRONG).length, 10)
  t.equal(outcomes.filter((one) => one === LIMITED).length, 30)
  t.equal((await failures(client.id)).length, 10)
})

t.test('failures are written to the audit trail up to the limit, none beyond, and no success', async (t) => {
  const client = await makeClient(app, admin)
  await failTimes(t, 3, () => wrong(client, '192.0.2.8'))
  for (let i = 0; i < 20; i++) t.equal(await right(client, '192.0.2.8'), '200')
  await failTimes(t, 7, () => wrong(client, '192.0.2.8'))
  for (let i = 0; i < 5; i++) t.equal(await wrong(client, '192.0.2.8'), LIMITED)
  const found = await failures(client.id)
  t.equal(found.length, 10)
  t.match(found[0], {
    actor: null,
    subject: client.id,
    outcome: 'failure',
    ip: '192.0.2.8',
    detail: { reason: 'wrong_secret' }
  })
  t.strictSame(Object.keys(found[0]?.detail ?? {}), ['reason'])
  const about = await events(app, admin, { subject: client.id, limit: '100' })
  t.equal(about.length, 11, 'besides them only that it was made')
})

t.test('an id that nobody has is not written down: it may be a secret in the wrong field', async (t) => {
  const secret = 'lks_typed-into-the-wrong-field'
  t.equal(oauthOutcome(await ask({ id: secret, secret: 'x' }, '192.0.2.9')), WRONG)
  const [event] = await events(app, admin, { action: 'client.authentication_failed', limit: '1' })
  t.match(event, { subject: null, detail: { reason: 'unknown_client' }, ip: '192.0.2.9' })
  const [row] = await app.app.database.run(sql`
    select (select string_agg(e::text, ' ') from audit_events e) || (select string_agg(key, ' ') from throttles) as text`)
  t.notOk(String(row?.['text']).includes('typed-into'))
})

t.test('the limit ends with its window', async (t) => {
  const client = await makeClient(app, admin)
  await failTimes(t, 10, () => wrong(client, '192.0.2.10'))
  t.equal(await wrong(client, '192.0.2.10'), LIMITED)
  await app.app.database.run(sql`update throttles set expires_at = clock_timestamp() - interval '1 second'`)
  await failTimes(t, 10, () => wrong(client, '192.0.2.10'))
  t.equal(await wrong(client, '192.0.2.10'), LIMITED)
})

t.test('with RATE_LIMIT=off nothing is counted, and all is written down', async (t) => {
  const free = await startApp(t, { RATE_LIMIT: 'off' })
  const { accessToken: token } = await signInAdmin(free)
  const client = await makeClient(free, token)
  await failTimes(t, 25, () => wrong(client, '192.0.2.1', free))
  t.equal(await right(client, '192.0.2.1', free), '200')
  t.equal((await failures(client.id, token, free)).length, 25)
  const [row] = await free.app.database.run(sql`select count(*)::int as n from throttles`)
  t.equal(row?.['n'], 0)
})
