import { sql } from 'drizzle-orm'
import t from 'tap'
import { sweep } from '../../src/db/housekeeping.ts'
import { signInAdmin, startApp, startAppOver } from '../support/app.ts'
import { assertionOf, byAssertion, ISSUER, makeAssertionKey, seconds } from '../support/assertions.ts'
import { CLIENTS, form, GRANT, knockAsService, makeClient, oauthOutcome, type Fields } from '../support/clients.ts'
import { events } from '../support/reading.ts'

const app = await startApp(t, { RATE_LIMIT: 'off' })
const { accessToken: admin } = await signInAdmin(app)
const INVALID = '401 invalid_client'
const key = makeAssertionKey('ES256', { kid: 'key-1' })
const permissions = ['users:read', 'tokens:introspect']
const client = await makeClient(app, admin, { permissions, public_jwk: key.publicJwk })
const said = JSON.stringify

const token = (fields: Fields, over = app) => form(over, '/oauth2/token', { ...GRANT, ...fields })
const ask = async (assertion: string, more: Fields = {}, over = app) =>
  oauthOutcome(await token({ ...byAssertion(assertion), ...more }, over))

t.test('a client with a key of either kind says who it is by signing, and needs no secret', async (t) => {
  for (const algorithm of ['ES256', 'EdDSA'] as const) {
    const key = makeAssertionKey(algorithm)
    const { id, secretId } = await makeClient(app, admin, { permissions, public_jwk: key.publicJwk })
    await app.send('DELETE', `${CLIENTS}/${id}/secrets/${secretId}`, { token: admin })
    const answer = await token(byAssertion(assertionOf(key, id)))
    t.equal(oauthOutcome(answer), '200', algorithm)
    t.equal(await knockAsService(app, answer.json<{ access_token: string }>().access_token), '200')
    t.equal(await ask(assertionOf(key, id), { client_id: id }), '200', 'with its client_id beside it')
    t.equal(await ask(assertionOf(key, id, {}, { typ: '"client-authentication+jwt"' })), '200')
  }
})

t.test('an assertion works once, at whatever it was used', async (t) => {
  const ways: Readonly<Record<string, Fields>> = {
    '/oauth2/token': GRANT,
    '/oauth2/introspect': { token: 'x' },
    '/oauth2/revoke': { token: 'x' }
  }
  for (const [path, fields] of Object.entries(ways)) {
    const assertion = byAssertion(assertionOf(key, client.id))
    t.equal(oauthOutcome(await form(app, path, { ...fields, ...assertion })), '200', path)
    for (const [again, others] of Object.entries(ways)) {
      t.equal(oauthOutcome(await form(app, again, { ...others, ...assertion })), INVALID, `${path}, then ${again}`)
    }
  }
  const jti = said('the same one')
  t.equal(await ask(assertionOf(key, client.id, { jti })), '200')
  t.equal(await ask(assertionOf(key, client.id, { jti, exp: String(seconds() + 90) })), INVALID, 'its id counts')
  const other = makeAssertionKey('EdDSA')
  const { id } = await makeClient(app, admin, { public_jwk: other.publicJwk })
  t.equal(await ask(assertionOf(other, id, { jti })), '200', 'and that of another client is another')
})

t.test('what is not good in every way is refused, and uses up no good one', async (t) => {
  const jti = said('kept for the good one')
  const make = (claims = {}, header = {}, by = key) => assertionOf(by, client.id, { jti, ...claims }, header)
  const now = seconds()
  const rows: Readonly<Record<string, string>> = {
    'for two': make({ aud: said([ISSUER, 'https://other.example']) }),
    'for the token endpoint': make({ aud: said(`${ISSUER}/oauth2/token`) }),
    'for nobody': make({ aud: undefined }),
    'from another': make({ iss: said('other') }),
    'without an end': make({ exp: undefined }),
    'with an end that is no whole number': make({ exp: `${now + 60}.5` }),
    'with an end that is a text': make({ exp: said(String(now + 60)) }),
    'of the past': make({ exp: String(now - 60) }),
    'for an hour': make({ exp: String(now + 3600) }),
    'without an id': make({ jti: undefined }),
    'with an empty id': make({ jti: '""' }),
    'with a long id': make({ jti: said('x'.repeat(257)) }),
    'for tomorrow': make({ nbf: String(now + 86_400) }),
    'from tomorrow': make({ iat: String(now + 86_400) }),
    'typed as an access token': make({}, { typ: '"at+jwt"' }),
    'with an extension': make({}, { crit: '["exp"]' }),
    'without an algorithm': make({}, { alg: '"none"' }),
    'by HMAC': make({}, { alg: '"HS256"' }),
    'by RSA': make({}, { alg: '"RS256"' }),
    'by another key': make({}, {}, makeAssertionKey('ES256')),
    'by a key of another kind': make({}, {}, makeAssertionKey('EdDSA')),
    'under another kid': make({}, { kid: '"key-2"' }),
    'that is an access token': admin,
    'that is none': 'x'
  }
  for (const [what, assertion] of Object.entries(rows)) {
    const answer = await token(byAssertion(assertion))
    t.equal(oauthOutcome(answer), INVALID, what)
    t.equal(answer.headers['www-authenticate'], 'Basic realm="latchkey", charset="UTF-8"')
  }
  const good = make({}, { kid: '"key-1"' })
  t.equal(await ask(good, { client_id: (await makeClient(app, admin)).id }), INVALID, 'beside another client_id')
  t.equal(await ask(good, { client_assertion_type: '' }), INVALID, 'without its type')
  t.equal(await ask(good, { client_assertion_type: 'urn:other' }), INVALID, 'of another type')
  t.equal(await ask(good, { scope: 'x' }), '400 invalid_scope', 'and now it is taken')
  t.equal(await ask(good), INVALID)
})

t.test('nobody signs for another client, for one without a key, or for one that is disabled or gone', async (t) => {
  const other = makeAssertionKey('ES256')
  const bare = await makeClient(app, admin)
  const changing = await makeClient(app, admin, { public_jwk: other.publicJwk })
  t.equal(await ask(assertionOf(other, client.id)), INVALID, 'with a key of one’s own')
  t.equal(await ask(assertionOf(key, bare.id)), INVALID, 'no key')
  t.equal(await ask(assertionOf(key, 'nobody')), INVALID)
  t.equal(await ask(assertionOf(key, '\0')), INVALID)
  t.equal(await ask(assertionOf(other, changing.id)), '200')
  const patch = (body: object) => app.send('PATCH', `${CLIENTS}/${changing.id}`, { token: admin, body })
  await patch({ disabled: true })
  t.equal(await ask(assertionOf(other, changing.id)), INVALID, 'disabled')
  await patch({ disabled: false, public_jwk: key.publicJwk })
  t.equal(await ask(assertionOf(other, changing.id)), INVALID, 'the key before')
  t.equal(await ask(assertionOf(key, changing.id)), '200')
  await patch({ public_jwk: null })
  t.equal(await ask(assertionOf(key, changing.id)), INVALID, 'no key any more')
  await app.send('DELETE', `${CLIENTS}/${changing.id}`, { token: admin })
  t.equal(await ask(assertionOf(key, changing.id)), INVALID, 'gone')
  const reasons = await events(app, admin, { action: 'client.authentication_failed', subject: changing.id })
  t.strictSame(
    reasons.map(({ detail }) => detail['reason']),
    ['wrong_assertion', 'wrong_assertion', 'disabled']
  )
})

t.test('a used assertion is remembered until it has expired, over sweeps and restarts, and no longer', async (t) => {
  const app = await startApp(t)
  const { accessToken: admin } = await signInAdmin(app)
  const { id } = await makeClient(app, admin, { public_jwk: key.publicJwk })
  const long = assertionOf(key, id, { exp: String(seconds() + 590) })
  t.equal(await ask(long, {}, app), '200')
  await sweep(app.app.database, 3600)
  t.equal(await ask(long, {}, app), INVALID)
  await app.app.close()

  const again = await startAppOver(t, app.databaseUrl)
  t.equal(await ask(long, {}, again), INVALID, 'after a restart')
  const kept = async () => {
    const rows = await again.app.database.run(sql`
      select extract(epoch from expires_at - clock_timestamp())::int as seconds from used_assertions`)
    return rows.map((row) => Number(row['seconds']))
  }
  const [left = 0] = await kept()
  t.ok(left > 600 && left <= 660, `for ${left} more seconds, which is longer than any leeway`)
  await again.app.database.run(sql`update used_assertions set expires_at = clock_timestamp() - interval '1 second'`)
  t.equal(await ask(long, {}, again), INVALID, 'until it is swept away')
  await sweep(again.app.database, 3600)
  t.strictSame(await kept(), [])
  t.equal(await ask(long, {}, again), '200', 'by when a real one has expired')
})
