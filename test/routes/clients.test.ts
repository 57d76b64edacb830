import { sql } from 'drizzle-orm'
import t from 'tap'
import { signInAdmin, startApp } from '../support/app.ts'
import { makeAssertionKey } from '../support/assertions.ts'
import { askToken, CLIENTS, makeClient, NOBODY, oauthOutcome, type ClientShape } from '../support/clients.ts'
import { outcome, pointersOf } from '../support/reading.ts'

let log = ''
const app = await startApp(t, { LOG_LEVEL: 'trace' }, { write: (line) => void (log += line) })
const { accessToken: token } = await signInAdmin(app)

const get = (path: string) => app.send('GET', `${CLIENTS}${path}`, { token })
const add = (body: object) => app.send('POST', CLIENTS, { token, body })
const patch = (id: string, body: object) => app.send('PATCH', `${CLIENTS}/${id}`, { token, body })
const addSecret = (id: string) => app.send('POST', `${CLIENTS}/${id}/secrets`, { token })
const removeSecret = (id: string, secretId: string) =>
  app.send('DELETE', `${CLIENTS}/${id}/secrets/${secretId}`, { token })
const shapeOf = async (id: string) => (await get(`/${id}`)).json<ClientShape>()
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

t.test('a client is registered with everything, and read back as it was made, without its secret', async (t) => {
  const { publicJwk } = makeAssertionKey('ES256', { kid: 'key-1', use: 'sig', key_ops: ['verify'] })
  const made = await add({
    name: 'Billing',
    permissions: ['users:read', 'invoices:write'],
    audiences: ['https://ledger.example.com', 'https://archive.example.com'],
    public_jwk: publicJwk
  })
  t.equal(outcome(made), '201')
  const { client_secret: secret, ...client } = made.json<ClientShape & { client_secret: string }>()
  t.equal(made.headers.location, `${CLIENTS}/${client.client_id}`)
  t.equal(made.headers['cache-control'], 'no-store')
  t.match(secret, /^lks_[A-Za-z0-9_-]{43}$/, 'with a prefix that scanners know, and 256 bits')
  const { client_id: id, created_at: created, secrets, ...rest } = client
  t.match(id, UUID)
  t.match(created, TIME)
  t.strictSame(rest, {
    name: 'Billing',
    permissions: ['invoices:write', 'users:read'],
    audiences: ['https://ledger.example.com', 'https://archive.example.com'],
    public_jwk: { crv: 'P-256', kty: 'EC', x: publicJwk['x'], y: publicJwk['y'], alg: 'ES256', kid: 'key-1' },
    disabled: false
  })
  t.strictSame(
    secrets.map((one) => ({ ...one, id: UUID.test(one.id), created_at: TIME.test(one.created_at) })),
    [{ id: true, created_at: true, last_used_at: null }]
  )
  const read = await get(`/${id}`)
  t.strictSame(read.json(), client)
  t.strictSame(Object.keys(read.json<object>()).sort(), Object.keys(client).sort())
})

t.test('with a name and no permission there is no audience and no key', async (t) => {
  const { id } = await makeClient(app, token)
  const { permissions, audiences, public_jwk: jwk, disabled } = await shapeOf(id)
  t.strictSame(
    { permissions, audiences, jwk, disabled },
    { permissions: [], audiences: [], jwk: null, disabled: false }
  )
})

t.test('a change is answered with the record as it then is, and leaves what it does not name', async (t) => {
  const { id } = await makeClient(app, token, { permissions: ['a:b'], audiences: ['https://one.example'] })
  const before = await shapeOf(id)
  const { publicJwk } = makeAssertionKey('EdDSA')
  const stored = { crv: 'Ed25519', kty: 'OKP', x: publicJwk['x'], alg: 'EdDSA' }
  const changes: readonly (readonly [object, object])[] = [
    [{ name: 'Renamed' }, { name: 'Renamed' }],
    [{ permissions: ['z:z', 'a:b'] }, { permissions: ['a:b', 'z:z'] }],
    [{ audiences: [] }, { audiences: [] }],
    [{ public_jwk: publicJwk }, { public_jwk: stored }],
    [{ disabled: true }, { disabled: true }],
    [
      { disabled: false, name: 'Again' },
      { disabled: false, name: 'Again' }
    ],
    [{ public_jwk: null }, { public_jwk: null }]
  ]
  let expected = { ...before }
  for (const [change, changed] of changes) {
    const answer = await patch(id, change)
    expected = { ...expected, ...changed }
    t.equal(outcome(answer), '200')
    t.strictSame(answer.json(), expected, Object.keys(change).join())
    t.strictSame(await shapeOf(id), expected)
  }
})

t.test('a secret is shown once, and is nowhere afterwards', async (t) => {
  const { id, secret } = await makeClient(app, token)
  const added = await addSecret(id)
  t.equal(outcome(added), '201')
  t.equal(added.headers['cache-control'], 'no-store')
  const { id: secretId, client_secret: second, ...rest } = added.json<{ id: string; client_secret: string }>()
  t.strictSame(rest, {})
  t.match(second, /^lks_[A-Za-z0-9_-]{43}$/)
  t.not(second, secret)
  t.strictSame((await shapeOf(id)).secrets[1]?.id, secretId)
  for (const one of [secret, second]) t.equal(oauthOutcome(await askToken(app, { id, secret: one })), '200')

  const [tables] = await app.app.database.run(sql`
    select (select string_agg(s::text, ' ') from client_secrets s) || (select string_agg(c::text, ' ') from clients c)
      || (select string_agg(e::text, ' ') from audit_events e) as text`)
  const places = {
    'the list': (await get('?limit=100')).body,
    'the record': (await get(`/${id}`)).body,
    'a change': (await patch(id, { name: 'Other' })).body,
    'the audit trail': (await app.send('GET', `/api/v1/audit?subject=${id}`, { token })).body,
    'the log': log,
    'the tables': String(tables?.['text'])
  }
  for (const [place, text] of Object.entries(places)) {
    t.not(text, '')
    for (const one of [secret, second]) t.notOk(text.includes(one.slice(4, 30)), place)
  }
})

t.test('two secrets work at once, a third is refused until one of them goes', async (t) => {
  const { id, secret: first, secretId: firstId } = await makeClient(app, token)
  const asks = async (secret: string) => oauthOutcome(await askToken(app, { id, secret }))
  const added = (await addSecret(id)).json<{ id: string; client_secret: string }>()
  t.strictSame([await asks(first), await asks(added.client_secret)], ['200', '200'])
  t.equal(outcome(await addSecret(id)), '409 too_many_secrets')
  t.equal((await shapeOf(id)).secrets.length, 2)

  t.equal(outcome(await removeSecret(id, firstId)), '204')
  t.strictSame([await asks(first), await asks(added.client_secret)], ['401 invalid_client', '200'])
  t.equal(outcome(await removeSecret(id, firstId)), '404 not_found', 'it is gone')
  const third = (await addSecret(id)).json<{ id: string; client_secret: string }>()
  t.strictSame(
    [await asks(third.client_secret), await asks(added.client_secret), await asks(first)],
    [...['200', '200', '401 invalid_client']]
  )
  t.equal(outcome(await addSecret(id)), '409 too_many_secrets')
  for (const gone of [added.id, third.id]) t.equal(outcome(await removeSecret(id, gone)), '204')
  t.strictSame((await shapeOf(id)).secrets, [])
  const { client_secret: again } = (await addSecret(id)).json<{ client_secret: string }>()
  t.equal(await asks(again), '200', 'and a client that had none left gets one')
})

t.test('a secret says when it was used, to the minute, and each says it for itself', async (t) => {
  const { id, secret, secretId } = await makeClient(app, token)
  await addSecret(id)
  const used = async () => (await shapeOf(id)).secrets.map(({ last_used_at: at }) => at)
  t.strictSame(await used(), [null, null])
  await askToken(app, { id, secret: `${secret.slice(0, -1)}!` })
  t.strictSame(await used(), [null, null], 'a wrong one is no use')
  await askToken(app, { id, secret })
  const [first, other] = await used()
  t.match(first, TIME)
  t.equal(other, null)

  const writes = async () => {
    const [row] = await app.app.database.run(
      sql`select xmin::text as version from client_secrets where id = ${secretId}::uuid`
    )
    return row?.['version']
  }
  const version = await writes()
  for (let i = 0; i < 5; i++) await askToken(app, { id, secret })
  t.strictSame(await used(), [first, null])
  t.equal(await writes(), version, 'within a minute nothing is written')
  const lets = async (seconds: number) => {
    await app.app.database.run(sql`
      update client_secrets set last_used_at = clock_timestamp() - ${seconds}::int * interval '1 second'
      where id = ${secretId}::uuid`)
    // A client that was changed is asked about anew.
    await patch(id, { name: `used ${seconds} s ago` })
    return Date.parse(String((await used())[0]))
  }
  const aged = await lets(61)
  await askToken(app, { id, secret })
  t.ok(Date.parse(String((await used())[0])) - aged >= 60_000)

  const nearly = await lets(58)
  let again = nearly
  for (let tries = 0; again === nearly && tries < 200; tries++) {
    await askToken(app, { id, secret })
    again = Date.parse(String((await used())[0]))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  t.ok(again - nearly >= 60_000, 'also where it is used all the time')
})

t.test('the list has everybody once, in the order in which they were made, page by page', async (t) => {
  const made: string[] = []
  for (let i = 0; i < 25; i++) made.push((await makeClient(app, token, { name: `page ${i}` })).id)
  const read: string[] = []
  const sizes: number[] = []
  let late = ''
  for (let query = '?limit=10'; query !== '';) {
    const answer = await get(query)
    const page = answer.json<{ items: ClientShape[]; next_cursor: string | null }>()
    t.strictSame(Object.keys(page).sort(), ['items', 'next_cursor'])
    read.push(...page.items.map(({ client_id: id }) => id))
    sizes.push(page.items.length)
    if (late === '') late = (await makeClient(app, token, { name: 'late' })).id
    query = page.next_cursor === null ? '' : `?limit=10&cursor=${page.next_cursor}`
  }
  t.strictSame(
    read.filter((id) => made.includes(id)),
    made
  )
  t.equal(new Set(read).size, read.length)
  t.equal(read.at(-1), late)
  t.ok(sizes.slice(0, -1).every((size) => size === 10))
  t.equal((await get('')).json<{ items: ClientShape[] }>().items.length, 20)
  for (const query of ['limit=0', 'limit=101', 'limit=x', 'cursor=x', `cursor=${NOBODY}`, 'page=2', 'disabled=true']) {
    t.equal(outcome(await get(`?${query}`)), '400 validation_failed', query)
  }
})

t.test('who does not exist is not found, whatever the id looks like', async (t) => {
  const { id, secretId } = await makeClient(app, token)
  const { id: another } = await makeClient(app, token)
  for (const nobody of [NOBODY, id.toUpperCase(), 'nobody', "'; drop table clients; --", 'x'.repeat(90), '..%2f..']) {
    const path = `${CLIENTS}/${encodeURIComponent(nobody)}`
    t.equal(outcome(await app.send('GET', path, { token })), '404 not_found', nobody)
    t.equal(outcome(await app.send('PATCH', path, { token, body: { disabled: true } })), '404 not_found', nobody)
    t.equal(outcome(await app.send('DELETE', path, { token })), '404 not_found', nobody)
    t.equal(outcome(await app.send('POST', `${path}/secrets`, { token })), '404 not_found', nobody)
    t.equal(outcome(await app.send('DELETE', `${path}/secrets/${secretId}`, { token })), '404 not_found', nobody)
    t.equal(outcome(await removeSecret(id, encodeURIComponent(nobody))), '404 not_found', nobody)
  }
  t.equal(outcome(await removeSecret(another, secretId)), '404 not_found', 'nor a secret of somebody else')
  t.equal((await shapeOf(id)).secrets.length, 1)
  t.equal(outcome(await app.send('DELETE', `${CLIENTS}/${id}`, { token })), '204')
  t.equal(outcome(await get(`/${id}`)), '404 not_found')
  t.equal(outcome(await app.send('DELETE', `${CLIENTS}/${id}`, { token })), '404 not_found')
})

t.test('what is not as described is refused, and named', async (t) => {
  const { id } = await makeClient(app, token, { permissions: ['a:b'] })
  const before = await shapeOf(id)
  const rows: readonly (readonly [what: string, body: object, ...pointers: string[]])[] = [
    ['an unknown member', { owner: 'x' }, '/owner'],
    ['a secret of one’s own', { client_secret: 'lks_x' }, '/client_secret'],
    ['an id of one’s own', { client_id: NOBODY }, '/client_id'],
    ['a name with a NUL', { name: 'a\0b' }, '/name'],
    ['a name with half a pair', { name: '\ud800' }, '/name'],
    ['no name', { name: '' }, '/name'],
    ['a long name', { name: 'x'.repeat(101) }, '/name'],
    ['a permission of one word', { permissions: ['read'] }, '/permissions/0'],
    ['a permission of three', { permissions: ['a:b', 'a:b:c'] }, '/permissions/1'],
    ['a permission in capitals', { permissions: ['Users:read'] }, '/permissions/0'],
    ['two permissions in one', { permissions: ['a:b c:d'] }, '/permissions/0'],
    ['a long permission', { permissions: [`a:${'b'.repeat(39)}`] }, '/permissions/0'],
    ['a permission twice', { permissions: ['a:b', 'a:b'] }, '/permissions'],
    ['51 permissions', { permissions: Array.from({ length: 51 }, (_, i) => `a:b${i}`) }, '/permissions'],
    ['an audience with a space', { audiences: ['https://a.example b'] }, '/audiences/0'],
    ['an empty audience', { audiences: [''] }, '/audiences/0'],
    ['an audience beyond ASCII', { audiences: ['https://bücher.example'] }, '/audiences/0'],
    ['a long audience', { audiences: ['x'.repeat(257)] }, '/audiences/0'],
    ['an audience twice', { audiences: ['x', 'x'] }, '/audiences'],
    ['21 audiences', { audiences: Array.from({ length: 21 }, (_, i) => `a${i}`) }, '/audiences'],
    ['a key that is a text', { public_jwk: 'x' }, '/public_jwk']
  ]
  for (const [what, body, ...pointers] of rows) {
    for (const answer of [await add({ name: 'refused', permissions: [], ...body }), await patch(id, body)]) {
      t.equal(outcome(answer), '400 validation_failed', what)
      t.strictSame(pointersOf(answer), pointers, what)
    }
  }
  t.strictSame(pointersOf(await add({})).sort(), ['/name', '/permissions'])
  t.equal(outcome(await patch(id, {})), '400 validation_failed', 'a change of nothing')
  t.strictSame(pointersOf(await add({ name: 'x', permissions: [], disabled: true })), ['/disabled'])
  t.strictSame(await shapeOf(id), before)
  const longest = { name: '\u{1f600}'.repeat(100), permissions: [`a:${'b'.repeat(38)}`], audiences: ['x'.repeat(256)] }
  t.match((await add(longest)).json(), longest, 'what is just short enough is taken')
})
