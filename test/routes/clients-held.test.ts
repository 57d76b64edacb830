import { sql } from 'drizzle-orm'
import t from 'tap'
import { signInAdmin, startApp } from '../support/app.ts'
import {
  askToken,
  CLIENTS,
  clientToken,
  form,
  GRANT,
  basic,
  introspect,
  knockAsService,
  makeClient,
  oauthOutcome,
  revoke,
  type Fields,
  type TestClient
} from '../support/clients.ts'
import { claimsOf, outcome } from '../support/reading.ts'

const app = await startApp(t)
const { accessToken: admin } = await signInAdmin(app)
const LEDGER = 'https://ledger.example'
const POWERS = { permissions: ['tokens:introspect', 'tokens:revoke', 'users:read'], audiences: [LEDGER] }
const INVALID = '401 invalid_client'

const patch = (id: string, body: object) => app.send('PATCH', `${CLIENTS}/${id}`, { token: admin, body })
const addSecret = async ({ id }: TestClient) => {
  const added = await app.send('POST', `${CLIENTS}/${id}/secrets`, { token: admin })
  const { id: secretId, client_secret: secret } = added.json<{ id: string; client_secret: string }>()
  return { id, secret, secretId }
}
const removeSecret = ({ id, secretId }: TestClient) =>
  app.send('DELETE', `${CLIENTS}/${id}/secrets/${secretId}`, { token: admin })
const asks = async (client: Pick<TestClient, 'id' | 'secret'>, fields: Fields = {}) =>
  oauthOutcome(await askToken(app, client, fields))
const wrong = ({ id }: TestClient) => ({ id, secret: 'lks_guess' })

/** A client that the database has found right a moment ago. */
async function heldClient(body: object = POWERS) {
  const client = await makeClient(app, admin, body)
  await clientToken(app, client)
  return client
}

/** Nobody can be looked up meanwhile. */
async function withoutClients(what: () => Promise<void>) {
  await app.app.database.run(sql`alter table client_secrets rename to hidden`)
  try {
    await what()
  } finally {
    await app.app.database.run(sql`alter table hidden rename to client_secrets`)
  }
}

t.test('a secret that was found right a moment ago is right without asking the database again', async (t) => {
  const [client, other] = [await heldClient(), await makeClient(app, admin, POWERS)]
  const second = await addSecret(client)
  await withoutClients(async () => {
    for (let i = 0; i < 3; i++) t.equal(await asks(client), '200')
    t.equal(await asks(client, { scope: 'users:read', resource: LEDGER }), '200')
    t.equal(await asks(client, { scope: 'users:read c:d' }), '400 invalid_scope')
    t.equal(await asks(client, { resource: 'https://other.example' }), '400 invalid_target')
    t.equal(oauthOutcome(await introspect(app, client, 'x')), '200')
    t.equal(oauthOutcome(await revoke(app, client, 'x')), '200')
    for (const [what, asked] of [
      ['somebody else', other],
      ['another secret of it', second],
      ['a wrong secret', wrong(client)],
      ['its id in capitals', { id: client.id.toUpperCase(), secret: client.secret }]
    ] as const) {
      t.equal(await asks(asked), '500 server_error', `${what} is the database’s to judge`)
    }
  })
  t.strictSame([await asks(other), await asks(second), await asks(wrong(client))], ['200', '200', INVALID])
  await withoutClients(async () => {
    t.strictSame([await asks(other), await asks(second), await asks(client)], ['200', '200', '200'])
    t.equal(await asks(wrong(client)), '500 server_error')
  })
})

t.test('a token that is made without asking says what one says that is made with it', async (t) => {
  const client = await makeClient(app, admin, POWERS)
  const [first, second] = [claimsOf(await clientToken(app, client)), claimsOf(await clientToken(app, client))]
  const [{ jti: _1, iat: from, exp: end, ...said }, { jti: _2, iat, exp, ...again }] = [first, second]
  t.strictSame(again, said)
  t.equal(Number(exp) - Number(iat), Number(end) - Number(from))
  t.ok(Math.abs(Number(iat) - Number(from)) <= 2, 'by the database’s clock')
})

t.test('a wrong secret is counted and refused as ever, and the right one is taken all the while', async (t) => {
  const client = await heldClient()
  const ask = async (which: Pick<TestClient, 'id' | 'secret'>) =>
    oauthOutcome(await form(app, '/oauth2/token', GRANT, { headers: basic(which), remoteAddress: '192.0.2.77' }))
  for (let i = 0; i < 10; i++) {
    t.equal(await ask(wrong(client)), INVALID)
    t.equal(await ask(client), '200')
  }
  t.equal(await ask(wrong(client)), '429 temporarily_unavailable')
  t.equal(await ask(client), '200')
})

t.test('a secret that was removed is refused from then on, and the other one is not', async (t) => {
  const first = await heldClient()
  const second = await addSecret(first)
  t.equal(await asks(second), '200')
  t.equal(outcome(await removeSecret(first)), '204')
  t.strictSame([await asks(first), await asks(second), await asks(second)], [INVALID, '200', '200'])
  t.equal(outcome(await removeSecret(second)), '204')
  t.equal(await asks(second), INVALID)
})

t.test('a client that was disabled or deleted is refused from then on, and enabled again is known', async (t) => {
  const client = await heldClient()
  await patch(client.id, { disabled: true })
  t.strictSame([await asks(client), oauthOutcome(await introspect(app, client, 'x'))], [INVALID, INVALID])
  await patch(client.id, { disabled: false })
  t.strictSame([await asks(client), await asks(client)], ['200', '200'])
  await app.send('DELETE', `${CLIENTS}/${client.id}`, { token: admin })
  t.strictSame([await asks(client), oauthOutcome(await revoke(app, client, 'x'))], [INVALID, INVALID])
})

t.test('the next token has the permissions and audiences as they were just changed, less or more', async (t) => {
  const client = await heldClient({ permissions: ['a:b'], audiences: [] })
  const next = async () => claimsOf(await clientToken(app, client))['scope']
  await patch(client.id, { permissions: ['a:b', 'c:d'] })
  t.equal(await next(), 'a:b c:d')
  await patch(client.id, { permissions: ['c:d'] })
  t.equal(await next(), 'c:d')
  t.equal(await asks(client, { scope: 'a:b' }), '400 invalid_scope')
  t.equal(await asks(client, { resource: LEDGER }), '400 invalid_target')
  await patch(client.id, { audiences: [LEDGER] })
  t.equal(await asks(client, { resource: LEDGER }), '200')
  await patch(client.id, { audiences: [] })
  t.equal(await asks(client, { resource: LEDGER }), '400 invalid_target')
})

t.test('what a client may no longer ask for or take back is refused from then on', async (t) => {
  const client = await heldClient()
  const other = await clientToken(app, await makeClient(app, admin, POWERS))
  const may = async () => [
    oauthOutcome(await introspect(app, client, other)),
    oauthOutcome(await revoke(app, client, other))
  ]
  const FORBIDDEN = '403 insufficient_scope'
  await patch(client.id, { permissions: ['tokens:introspect'] })
  t.strictSame(await may(), ['200', FORBIDDEN])
  await patch(client.id, { permissions: [] })
  t.strictSame(await may(), [FORBIDDEN, FORBIDDEN])
  await patch(client.id, POWERS)
  t.strictSame(await may(), ['200', '200'])
})

t.test('a token that was got just before something was taken away is refused after it', async (t) => {
  for (const [body, refused] of [
    [{ permissions: ['users:read'] }, '401 token_stale'],
    [{ audiences: [] }, '401 token_stale'],
    [{ disabled: true }, '401 token_revoked']
  ] as const) {
    const client = await heldClient()
    const [token] = await Promise.all([clientToken(app, client), patch(client.id, body)])
    t.equal(await knockAsService(app, token), refused, JSON.stringify(body))
  }
})

t.test('while the journal cannot be read, the database is asked at each request', async (t) => {
  const client = await heldClient()
  const { id, secretId } = client
  await app.app.database.run(sql`alter table revocations rename to revocations_elsewhere`)
  // Not through the service: nobody hears of it.
  await app.app.database.run(sql`delete from client_secrets where id = ${secretId}::uuid and client_id = ${id}::uuid`)
  t.equal(await until(INVALID, () => asks(client)), INVALID, 'once it has not been read for half a second')
  await app.app.database.run(sql`alter table revocations_elsewhere rename to revocations`)
})

/** What is answered in the end; what is waited for is many times what it takes, and less than a minute. */
async function until(expected: string, ask: () => Promise<string>): Promise<string> {
  let answer = await ask()
  for (let tries = 0; answer !== expected && tries < 200; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    answer = await ask()
  }
  return answer
}
