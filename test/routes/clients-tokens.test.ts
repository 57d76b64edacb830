import { sql } from 'drizzle-orm'
import t from 'tap'
import { signInAdmin, startApp, startAppOver } from '../support/app.ts'
import { makeAssertionKey } from '../support/assertions.ts'
import { askToken, CLIENTS, clientToken, knockAsService, makeClient, oauthOutcome } from '../support/clients.ts'
import { freshDatabase } from '../support/database.ts'
import { actionsOf, claimsOf, events, outcome } from '../support/reading.ts'

const app = await startApp(t)
const { accessToken: token } = await signInAdmin(app)
const patch = (id: string, body: object) => app.send('PATCH', `${CLIENTS}/${id}`, { token, body })
const STALE = '401 token_stale'
const REVOKED = '401 token_revoked'
const LEDGER = 'https://ledger.example'
const POWERS = { permissions: ['a:b', 'users:read'], audiences: [LEDGER] }

t.test('once a permission is taken away, tokens are stale at once, and a new one says what is left', async (t) => {
  const client = await makeClient(app, token, POWERS)
  const [all, some] = [await clientToken(app, client), await clientToken(app, client, { scope: 'users:read' })]
  for (const one of [all, some]) t.equal(await knockAsService(app, one), '200')
  const answer = await app.send('GET', '/api/v1/users', { token: all })
  t.equal(outcome(answer), '200')
  t.equal(outcome(await patch(client.id, { permissions: ['users:read'] })), '200')
  const refused = await app.send('GET', '/api/v1/users', { token: all })
  t.equal(outcome(refused), STALE)
  t.match(refused.headers['www-authenticate'], /^Bearer realm="latchkey", error="invalid_token"/)
  t.equal(await knockAsService(app, some), STALE, 'also one that did not have it: all are of one version')
  const fresh = await clientToken(app, client)
  t.strictSame([claimsOf(fresh)['scope'], claimsOf(fresh)['ver']], ['users:read', 2])
  t.equal(await knockAsService(app, fresh), '200')
  t.equal(oauthOutcome(await askToken(app, client, { scope: 'a:b' })), '400 invalid_scope')

  t.equal(outcome(await patch(client.id, { permissions: [] })), '200')
  t.equal(await knockAsService(app, fresh), STALE)
  t.equal(await knockAsService(app, await clientToken(app, client)), '403 forbidden')
})

t.test('once an audience is taken away, tokens are stale', async (t) => {
  const client = await makeClient(app, token, POWERS)
  const before = await clientToken(app, client)
  const elsewhere = await clientToken(app, client, { resource: LEDGER })
  await patch(client.id, { audiences: [] })
  t.equal(await knockAsService(app, before), STALE)
  t.match(app.app.tokens.introspect(elsewhere), { good: false, code: 'token_stale' })
  t.equal(oauthOutcome(await askToken(app, client, { resource: LEDGER })), '400 invalid_target')
})

t.test('what is added, renamed or given another key harms no token', async (t) => {
  const client = await makeClient(app, token, POWERS)
  const before = await clientToken(app, client)
  for (const change of [
    { permissions: ['users:read', 'c:d', 'a:b'] },
    { audiences: ['https://more.example', LEDGER] },
    { name: 'Other' },
    { public_jwk: makeAssertionKey('ES256').publicJwk },
    { public_jwk: null },
    { disabled: false },
    { permissions: ['users:read', 'c:d', 'a:b'] }
  ]) {
    t.equal(outcome(await patch(client.id, change)), '200')
    t.equal(await knockAsService(app, before), '200', JSON.stringify(Object.keys(change)))
  }
  t.equal(claimsOf(await clientToken(app, client))['ver'], 1)
  await app.send('DELETE', `${CLIENTS}/${client.id}/secrets/${client.secretId}`, { token })
  t.equal(await knockAsService(app, before), '200', 'nor does a secret that goes')
})

t.test('disabling ends every token and gives no other; enabling gives new ones and revives none', async (t) => {
  const client = await makeClient(app, token, POWERS)
  const before = await clientToken(app, client)
  t.equal(outcome(await patch(client.id, { disabled: true })), '200')
  t.equal(await knockAsService(app, before), REVOKED)
  t.equal(oauthOutcome(await askToken(app, client)), '401 invalid_client')
  t.equal(outcome(await patch(client.id, { disabled: false })), '200')
  const fresh = await clientToken(app, client)
  t.equal(await knockAsService(app, fresh), '200')
  t.equal(await knockAsService(app, before), REVOKED)

  await patch(client.id, { permissions: ['users:read'] })
  t.equal(await knockAsService(app, before), REVOKED, 'nor does it become merely stale by what is taken later')
  t.equal(await knockAsService(app, fresh), STALE)
  await patch(client.id, { disabled: true, permissions: [] })
  t.equal(await knockAsService(app, fresh), REVOKED, 'and what was stale is over with the client')
})

t.test('of a client that is deleted nothing is left that works', async (t) => {
  const app = await startApp(t)
  const { accessToken: token } = await signInAdmin(app)
  const client = await makeClient(app, token, POWERS)
  const before = await clientToken(app, client)
  t.equal(outcome(await app.send('DELETE', `${CLIENTS}/${client.id}`, { token })), '204')
  t.equal(await knockAsService(app, before), REVOKED)
  t.equal(oauthOutcome(await askToken(app, client)), '401 invalid_client')
  const [row] = await app.app.database.run(
    sql`select count(*)::int as n from client_secrets where client_id = ${client.id}`
  )
  t.equal(row?.['n'], 0)
  await app.app.close()
  const again = await startAppOver(t, app.databaseUrl)
  t.equal(await knockAsService(again, before), REVOKED, 'also after a restart')
})

t.test('each change of a client writes one event, and a change of nothing none', async (t) => {
  const app = await startApp(t)
  const { id: root, accessToken: token } = await signInAdmin(app)
  const client = await makeClient(app, token, POWERS)
  const of = (query: Record<string, string> = {}) => events(app, token, { subject: client.id, limit: '100', ...query })
  t.match(await of(), [
    {
      action: 'client.created',
      actor: root,
      outcome: 'success',
      detail: { permissions: ['a:b', 'users:read'], audiences: [LEDGER] }
    }
  ])
  let seen = 1
  const writes = async (what: () => Promise<unknown>, ...expected: readonly (readonly [string, object])[]) => {
    await what()
    const found = await of()
    const fresh = found.slice(0, found.length - seen).reverse()
    t.strictSame(
      fresh.map(({ action, detail }) => [action, detail]).sort(),
      [...expected].sort(),
      expected.map(([action]) => action).join() || 'nothing'
    )
    t.ok(fresh.every(({ actor, outcome, subject }) => actor === root && outcome === 'success' && subject === client.id))
    seen = found.length
  }
  const patch = (body: object) => () => app.send('PATCH', `${CLIENTS}/${client.id}`, { token, body })
  const { publicJwk } = makeAssertionKey('EdDSA')
  const changed = (...members: string[]) => ['client.changed', { members }] as const
  await writes(patch({ name: 'Other' }), changed('name'))
  await writes(patch({ name: 'Other' }))
  const taken = { from: ['a:b', 'users:read'], to: ['users:read'] }
  await writes(patch({ permissions: ['users:read'] }), ['client.permissions_changed', taken])
  await writes(patch({ permissions: ['users:read'] }))
  await writes(patch({ audiences: [], public_jwk: publicJwk }), changed('audiences', 'public_jwk'))
  await writes(patch({ audiences: [], public_jwk: { ...publicJwk, use: 'sig' } }))
  await writes(patch({ disabled: true }), ['client.disabled', {}])
  await writes(patch({ disabled: true }))
  await writes(patch({ disabled: false }), ['client.enabled', {}])
  await writes(
    patch({ disabled: false, name: 'Other', permissions: ['users:read'], audiences: [], public_jwk: publicJwk })
  )
  await writes(patch({ nothing: 1 }))
  const both = { from: ['users:read'], to: [] }
  await writes(patch({ name: 'Third', permissions: [] }), changed('name'), ['client.permissions_changed', both])

  const path = `${CLIENTS}/${client.id}/secrets`
  const { id: secret } = (await app.send('POST', path, { token })).json<{ id: string }>()
  await writes(() => Promise.resolve(), ['client.secret_added', { secret }])
  await writes(() => app.send('POST', path, { token }))
  await writes(() => app.send('DELETE', `${path}/${secret}`, { token }), ['client.secret_removed', { secret }])
  await writes(() => app.send('DELETE', `${path}/${secret}`, { token }))
  await writes(() => askToken(app, client))
  await writes(() => app.send('DELETE', `${CLIENTS}/${client.id}`, { token }), ['client.deleted', {}])
  await writes(() => app.send('DELETE', `${CLIENTS}/${client.id}`, { token }))
  t.strictSame(actionsOf(await of({ action: 'client.deleted' })), ['client.deleted'])
})

t.test('what is taken from a client is in force on every other instance by itself', async (t) => {
  for (const mode of ['listen', 'poll']) {
    // PostgreSQL, whichever engine the run is about: an embedded database belongs to one service.
    const url = await freshDatabase(t, { engine: 'postgres' })
    const one = await startAppOver(t, url, { REVOCATION_SYNC: mode })
    const two = await startAppOver(t, url, { REVOCATION_SYNC: mode })
    const { accessToken: token } = await signInAdmin(one)
    const at = (id: string) => `${CLIENTS}/${id}`
    for (const [what, takes, refused] of [
      [
        'a permission',
        (id: string) => one.send('PATCH', at(id), { token, body: { permissions: ['users:read'] } }),
        STALE
      ],
      ['an audience', (id: string) => one.send('PATCH', at(id), { token, body: { audiences: [] } }), STALE],
      ['all, for a while', (id: string) => one.send('PATCH', at(id), { token, body: { disabled: true } }), REVOKED],
      ['all, for ever', (id: string) => one.send('DELETE', at(id), { token }), REVOKED]
    ] as const) {
      const client = await makeClient(one, token, POWERS)
      const before = await clientToken(two, client)
      t.equal(await knockAsService(two, before), '200')
      t.ok((await takes(client.id)).statusCode < 300)
      t.equal(await until(refused, () => knockAsService(two, before)), refused, `${what}, ${mode}`)
    }
    await one.app.close()
    await two.app.close()
  }
})

/** What is answered in the end: many times what the contract allows is waited for, and how long it took is measured elsewhere. */
async function until(expected: string, ask: () => Promise<string>): Promise<string> {
  let answer = await ask()
  for (let tries = 0; answer !== expected && tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    answer = await ask()
  }
  return answer
}
