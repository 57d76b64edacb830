import t from 'tap'
import { join, signIn, signInAdmin, startApp, startAppOver } from '../support/app.ts'
import { mint } from '../support/callers.ts'
import {
  CLIENTS,
  clientToken,
  form,
  formsWithoutOneToken,
  introspect,
  knockAsService,
  makeClient,
  oauthOutcome,
  post,
  revoke
} from '../support/clients.ts'
import { freshDatabase } from '../support/database.ts'
import { actionsOf, claimsOf, events, knock, outcome, refresh, sessionOf } from '../support/reading.ts'

const app = await startApp(t, { RATE_LIMIT: 'off' })
const { accessToken: admin } = await signInAdmin(app)
const REVOKED = '401 token_revoked'
const REFUSED = '403 insufficient_scope'
const LEDGER = 'https://ledger.example'
const client = await makeClient(app, admin, { permissions: ['users:read'], audiences: [LEDGER] })
const warden = await makeClient(app, admin, { permissions: ['tokens:revoke', 'tokens:introspect'] })
const tell = async (who: typeof client, token: string, more = {}) => oauthOutcome(await revoke(app, who, token, more))
const told = (subject: string) => events(app, admin, { action: 'token.revoked', subject, limit: '100' })
const now = () => Math.floor(Date.now() / 1000)

t.test('a client takes back a token of its own, at once, and that one alone', async (t) => {
  const [gone, kept] = [await clientToken(app, client), await clientToken(app, client)]
  const answer = await revoke(app, client, gone)
  t.equal(oauthOutcome(answer), '200')
  t.equal(answer.headers['cache-control'], 'no-store')
  t.equal(await knockAsService(app, gone), REVOKED)
  t.equal(await knockAsService(app, kept), '200')
  t.equal(await knockAsService(app, await clientToken(app, client)), '200')
  const found = await told(client.id)
  t.match(found, [
    { actor: client.id, subject: client.id, outcome: 'success', detail: { token: claimsOf(gone)['jti'] } }
  ])
  t.equal(oauthOutcome(await form(app, '/oauth2/revoke', { token: kept, ...post(client) })), '200', 'in the form')
  t.equal(await knockAsService(app, kept), REVOKED)
})

t.test('what is revoked, unknown, expired or nonsense is 200, and is no event', async (t) => {
  const token = await clientToken(app, client)
  const before = (await told(client.id)).length
  for (let i = 0; i < 4; i++) t.equal(await tell(client, token), '200')
  t.equal((await told(client.id)).length, before + 1, 'the same one again and again is one event')
  const claims = { sub: client.id, client_id: client.id, scope: 'users:read' }
  const rows: Readonly<Record<string, string>> = {
    garbage: 'garbage',
    'three parts': 'a.b.c',
    'no letters': '\u{1f600} %',
    'another signature': `${token.slice(0, -8)}AAAAAAA8`,
    expired: mint(app, { ...claims, iat: now() - 4000, exp: now() - 3600 }),
    'of another issuer': mint(app, { ...claims, iat: now(), exp: now() + 60, iss: 'https://other.example' }),
    'a secret': client.secret,
    'no refresh token': `lkr_${'A'.repeat(123)}`,
    'no reset token': 'lkp_nonsense'
  }
  for (const [what, text] of Object.entries(rows)) t.equal(await tell(client, text), '200', what)
  const all = await Promise.all(Array.from({ length: 10 }, () => tell(client, token)))
  t.strictSame([...new Set(all)], ['200'])
  t.equal((await told(client.id)).length, before + 1)
})

t.test('the hint may say anything, and parameters that nobody understands are ignored', async (t) => {
  for (const hint of ['access_token', 'refresh_token', 'nonsense', '', 'x'.repeat(1000)]) {
    const token = await clientToken(app, client)
    t.equal(await tell(client, token, { token_type_hint: hint, unknown: '1' }), '200', hint.slice(0, 20))
    t.equal(await knockAsService(app, token), REVOKED)
  }
  for (const [what, body] of formsWithoutOneToken(client)) {
    t.equal(oauthOutcome(await form(app, '/oauth2/revoke', body)), '400 invalid_request', what)
  }
})

t.test('the token of somebody else is refused, and stays good', async (t) => {
  const other = await makeClient(app, admin, { permissions: ['users:read', 'tokens:introspect'] })
  const person = await join(app, 'ada@example.com')
  const theirs = await clientToken(app, client)
  const answer = await revoke(app, other, theirs)
  t.equal(oauthOutcome(answer), REFUSED)
  t.equal(await tell(other, person.accessToken), REFUSED)
  t.equal(await tell(other, person.refreshToken), REFUSED)
  t.equal(await knockAsService(app, theirs), '200')
  t.equal(await knock(app, person.accessToken), '200')
  t.equal(outcome(await refresh(app, person.refreshToken)), '200')
  t.equal((await told(person.id)).length, 0)
  for (const token of [theirs, admin]) {
    const bearer = await form(app, '/oauth2/revoke', { token }, { headers: { authorization: `Bearer ${token}` } })
    t.equal(oauthOutcome(bearer), '401 invalid_client', 'a token is no client authentication')
  }
  t.equal(oauthOutcome(await form(app, '/oauth2/revoke', { token: theirs })), '401 invalid_client')
  t.equal(await knockAsService(app, theirs), '200')
})

t.test('a client that may take back anybody’s tokens does', async (t) => {
  const theirs = await clientToken(app, client)
  const before = (await told(client.id)).length
  t.equal(await tell(warden, theirs), '200')
  t.equal(await knockAsService(app, theirs), REVOKED)
  const [event, ...others] = await told(client.id)
  t.match(event, { actor: warden.id, subject: client.id, detail: { token: claimsOf(theirs)['jti'] } })
  t.equal(others.length, before)
  await app.send('PATCH', `${CLIENTS}/${warden.id}`, { token: admin, body: { permissions: ['tokens:introspect'] } })
  const next = await clientToken(app, client)
  t.equal(await tell(warden, next), REFUSED, 'and no longer once it may not')
  t.equal(await knockAsService(app, next), '200')
  await app.send('PATCH', `${CLIENTS}/${warden.id}`, {
    token: admin,
    body: { permissions: ['tokens:introspect', 'tokens:revoke'] }
  })
})

t.test('a user whose access token is taken back stays signed in', async (t) => {
  const { id, accessToken, refreshToken } = await join(app, 'kept@example.com')
  t.equal(await tell(warden, accessToken), '200')
  t.equal(await knock(app, accessToken), REVOKED)
  const renewed = (await refresh(app, refreshToken)).json<{ access_token: string }>()
  t.equal(await knock(app, renewed.access_token), '200')
  t.equal(sessionOf(renewed.access_token), sessionOf(accessToken))
  t.match(await told(id), [{ actor: warden.id, subject: id, detail: { token: claimsOf(accessToken)['jti'] } }])
})

t.test('a refresh token that is taken back ends its session, and no other', async (t) => {
  const first = await join(app, 'ended@example.com')
  const second = await signIn(app, 'ended@example.com')
  t.equal(await tell(warden, first.refreshToken, { token_type_hint: 'access_token' }), '200')
  t.equal(outcome(await refresh(app, first.refreshToken)), '401 invalid_refresh_token')
  t.equal(await knock(app, first.accessToken), REVOKED)
  t.equal(await knock(app, second.accessToken), '200')
  t.equal(outcome(await refresh(app, second.refreshToken)), '200')
  const about = await events(app, admin, { subject: first.id, limit: '100' })
  const seen = about.filter(({ actor }) => actor === warden.id)
  t.strictSame(actionsOf(seen), ['session.ended'])
  t.equal(await tell(warden, first.refreshToken), '200', 'again')
  t.equal((await events(app, admin, { subject: first.id, limit: '100' })).length, about.length)
  t.equal(actionsOf(about).filter((action) => action === 'session.theft_assumed').length, 0)
})

t.test('tokens that are stale or meant for others can be taken back, too', async (t) => {
  const changing = await makeClient(app, admin, { permissions: ['users:read', 'a:b'], audiences: [LEDGER] })
  const [stale, elsewhere] = [await clientToken(app, changing), await clientToken(app, client, { resource: LEDGER })]
  await app.send('PATCH', `${CLIENTS}/${changing.id}`, { token: admin, body: { permissions: ['users:read'] } })
  t.equal(await knockAsService(app, stale), '401 token_stale')
  t.equal(await tell(changing, stale), '200')
  t.equal(await knockAsService(app, stale), REVOKED)
  t.match((await introspect(app, warden, elsewhere)).json(), { active: true, aud: LEDGER })
  t.equal(await tell(client, elsewhere), '200')
  t.equal((await introspect(app, warden, elsewhere)).body, '{"active":false}')
})

t.test('what is taken back stays so after a restart, and is in force on every other instance by itself', async (t) => {
  const url = await freshDatabase(t, { engine: 'postgres' })
  const one = await startAppOver(t, url)
  const two = await startAppOver(t, url)
  const { accessToken: admin } = await signInAdmin(one)
  const client = await makeClient(one, admin, { permissions: ['users:read', 'tokens:revoke'] })
  const token = await clientToken(one, client)
  const { accessToken } = await join(one, 'ada@example.com')
  t.strictSame([await knockAsService(two, token), await knock(two, accessToken)], ['200', '200'])
  for (const each of [token, accessToken]) t.equal(oauthOutcome(await revoke(one, client, each)), '200')
  let answers: readonly string[] = []
  for (let tries = 0; answers.join() !== `${REVOKED},${REVOKED}` && tries < 100; tries++) {
    answers = [await knockAsService(two, token), await knock(two, accessToken)]
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.strictSame(answers, [REVOKED, REVOKED])
  await one.app.close()
  await two.app.close()
  const again = await startAppOver(t, url)
  t.strictSame([await knockAsService(again, token), await knock(again, accessToken)], [REVOKED, REVOKED])
})
