import { sql } from 'drizzle-orm'
import { createSigner } from 'fast-jwt'
import t from 'tap'
import { join, PASSWORD, signIn, signInAdmin, startApp, type Sent } from '../support/app.ts'
import {
  actionsOf,
  claimsOf,
  cookieLines,
  cookieOf,
  DEVICE,
  events,
  knock,
  login,
  outcome,
  REFRESH,
  refresh,
  sessionOf
} from '../support/reading.ts'

const app = await startApp(t)
const { accessToken: admin } = await signInAdmin(app)
const OVER = '401 invalid_refresh_token'
const logout = (how: Sent) => app.send('POST', '/api/v1/auth/logout', how)

/** The same token with other times, signed by the service's own key. */
function mint(token: string, times: { readonly iat: number; readonly exp: number }): string {
  const { algorithm, kid, privateKey } = app.app.keys.signing
  const header = { alg: algorithm, typ: 'at+jwt', kid }
  return createSigner({ algorithm, key: privateKey, kid, header })({ ...claimsOf(token), ...times })
}

t.test('a token is refused after logout although its signature is still good', async (t) => {
  const { id, accessToken, refreshToken } = await join(app, 'ada@example.com')
  const other = await signIn(app, 'ada@example.com')
  const renewed = (await refresh(app, refreshToken)).json()
  t.equal(outcome(await logout({ token: accessToken })), '204')
  t.equal(await knock(app, accessToken), '401 token_revoked')
  t.equal(await knock(app, renewed.access_token), '401 token_revoked', 'and every other one of the session')
  t.equal(outcome(await refresh(app, renewed.refresh_token)), OVER)
  t.equal(await knock(app, other.accessToken), '200', 'but none of another session')
  const [event] = await events(app, admin, { subject: id, action: 'user.signed_out' })
  t.strictSame(event?.detail, { session: sessionOf(accessToken) })
})

t.test('signing out puts the token on the deny-list by its id', async (t) => {
  const { id, accessToken } = await join(app, 'denied@example.com')
  await logout({ token: accessToken })
  const rows = await app.app.database.run(sql`
    select subject, extract(epoch from expires_at)::int as exp from denied_tokens
    where jti = ${String(claimsOf(accessToken)['jti'])}`)
  t.strictSame([...rows], [{ subject: id, exp: claimsOf(accessToken)['exp'] }])
  const journal = await app.app.database.run(sql`
    select kind from revocations where id in (${String(claimsOf(accessToken)['jti'])}, ${sessionOf(accessToken)}) order by 1`)
  t.strictSame(
    journal.map(({ kind }) => kind),
    ['session', 'token']
  )
})

t.test('an expired access token still names the session to end', async (t) => {
  const { accessToken, refreshToken } = await join(app, 'expired@example.com')
  const iat = Number(claimsOf(accessToken)['iat']) - 7200
  const expired = mint(accessToken, { iat, exp: iat + 900 })
  t.equal(await knock(app, expired), '401 token_expired')
  t.equal(outcome(await logout({ token: expired })), '204')
  t.equal(await knock(app, accessToken), '401 token_revoked')
  t.equal(outcome(await refresh(app, refreshToken)), OVER)
})

t.test('so does one that is stale, and one that was revoked', async (t) => {
  const { id, accessToken, refreshToken } = await join(app, 'stale@example.com')
  await app.send('PATCH', `/api/v1/users/${id}`, { token: admin, body: { roles: ['admin'] } })
  t.equal(await knock(app, accessToken), '401 token_stale')
  t.equal(outcome(await logout({ token: accessToken })), '204')
  t.equal(await knock(app, accessToken), '401 token_revoked')
  t.equal(outcome(await refresh(app, refreshToken)), OVER)
  t.equal(outcome(await logout({ token: accessToken })), '204')
  await app.send('DELETE', `/api/v1/users/${id}`, { token: admin })
  t.equal(outcome(await logout({ token: accessToken })), '204', 'also when nobody is left whose it was')
})

t.test('a browser signs out by its cookie, which is cleared; its device stays known', async (t) => {
  await join(app, 'browser@example.com')
  const signedIn = await login(app, 'browser@example.com', PASSWORD, {}, 'cookie')
  const cookies = { [REFRESH]: cookieOf(signedIn, REFRESH) ?? '', [DEVICE]: cookieOf(signedIn, DEVICE) ?? '' }
  const answer = await logout({ cookies })
  t.equal(outcome(answer), '204')
  t.strictSame(cookieLines(answer), [`${REFRESH}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict`])
  t.equal(await knock(app, signedIn.json().access_token), '401 token_revoked')
  t.equal(outcome(await app.send('POST', '/api/v1/auth/refresh', { cookies })), OVER)
})

t.test('a refresh token in the body ends its session, however old it is', async (t) => {
  const body = (token: string) => ({ body: { refresh_token: token } })
  const ada = await join(app, 'body@example.com')
  t.equal(outcome(await logout(body(ada.refreshToken))), '204')
  t.equal(await knock(app, ada.accessToken), '401 token_revoked')

  const second = await signIn(app, 'body@example.com')
  let newest = second.refreshToken
  for (let turn = 0; turn < 3; turn++) newest = (await refresh(app, newest)).json().refresh_token
  t.equal(outcome(await logout(body(second.refreshToken))), '204')
  t.equal(await knock(app, second.accessToken), '401 token_revoked')
  t.equal(outcome(await refresh(app, newest)), OVER)
  const thefts = await events(app, admin, { subject: ada.id, action: 'session.theft_assumed' })
  t.equal(thefts.length, 0, 'signing out with an old token is no theft')
})

t.test('signing out without a session, with nonsense, or twice is no error', async (t) => {
  const { id, accessToken, refreshToken } = await join(app, 'twice@example.com')
  const ways: Sent[] = [{ token: accessToken }, { body: { refresh_token: refreshToken } }]
  for (const how of [...ways, ...ways]) t.equal(outcome(await logout(how)), '204')
  const found = actionsOf(await events(app, admin, { subject: id }))
  t.equal(found.filter((action) => action === 'user.signed_out').length, 1, 'and is written down once')

  const nothing: Sent[] = [
    {},
    { body: {} },
    { token: 'garbage' },
    { token: 'a.b.c' },
    { headers: { authorization: 'Basic YTpi' } },
    { body: { refresh_token: 'garbage' } },
    { cookies: { [REFRESH]: 'garbage' } },
    { headers: { 'content-type': 'text/plain' } }
  ]
  for (const how of nothing) t.equal(outcome(await logout(how)), '204', JSON.stringify(how))
})

t.test('a token that the service did not sign ends nothing', async (t) => {
  const { accessToken, refreshToken } = await join(app, 'forged@example.com')
  const [header, payload, signature = ''] = accessToken.split('.')
  const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
  t.equal(outcome(await logout({ token: [header, payload, flipped].join('.') })), '204')
  const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
  t.equal(outcome(await logout({ token: `${none}.${payload}.` })), '204')
  const bytes = Buffer.from(refreshToken.slice(4), 'base64url')
  bytes[91] = (bytes[91] ?? 0) ^ 1
  t.equal(outcome(await logout({ body: { refresh_token: `lkr_${bytes.toString('base64url')}` } })), '204')
  t.equal(await knock(app, accessToken), '200')
  t.equal(outcome(await refresh(app, refreshToken)), '200')
})

t.test('signing out everywhere ends every session of the caller, and of nobody else', async (t) => {
  const first = await join(app, 'everywhere@example.com')
  const others = [await signIn(app, 'everywhere@example.com'), await signIn(app, 'everywhere@example.com')]
  const stranger = await join(app, 'stranger@example.com')
  const answer = await app.send('POST', '/api/v1/auth/logout-all', { token: first.accessToken })
  t.equal(outcome(answer), '204')
  for (const { accessToken, refreshToken } of [first, ...others]) {
    t.equal(await knock(app, accessToken), '401 token_revoked')
    t.equal(outcome(await refresh(app, refreshToken)), OVER)
  }
  t.equal(await knock(app, stranger.accessToken), '200')
  const again = await signIn(app, 'everywhere@example.com')
  t.equal(await knock(app, again.accessToken), '200', 'and whoever knows the password signs in again')
  t.equal(outcome(await refresh(app, again.refreshToken)), '200')
})
