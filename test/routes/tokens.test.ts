import { createHmac, createPublicKey, verify } from 'node:crypto'
import { sql } from 'drizzle-orm'
import t from 'tap'
import {
  ADMIN_EMAIL,
  join,
  PASSWORD,
  signIn,
  signInAdmin,
  startApp,
  startAppOver,
  type TestApp
} from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { claimsOf, headerOf, knock, login, outcome, refresh } from '../support/reading.ts'

const ROLES = JSON.stringify({ editor: ['feed:write', 'feed:read'], reader: ['feed:read'], empty: [] })
const app = await startApp(t, { ROLES })
const { accessToken: admin } = await signInAdmin(app)

/** Somebody with these roles, signed in. */
async function personWith(roles: readonly string[], email: string) {
  await app.send('POST', '/api/v1/users', { token: admin, body: { email, password: PASSWORD, roles } })
  return signIn(app, email)
}

t.test('an access token says who holds it and what they may do, and nothing else', async (t) => {
  const { id, accessToken } = await personWith(['reader', 'editor'], 'Ada@Example.com')
  const { iat, exp, jti, sid, ...rest } = claimsOf(accessToken)
  t.strictSame(rest, {
    iss: 'http://localhost:3000',
    aud: 'latchkey-api',
    sub: id,
    client_id: 'latchkey',
    ver: 1,
    scope: 'feed:read feed:write',
    roles: ['editor', 'reader'],
    email: 'Ada@Example.com'
  })
  t.match(jti, /^[0-9a-f-]{36}$/)
  t.equal(Number(exp) - Number(iat), 900)
  const [row] = await app.app.database.run(sql`select id from sessions where user_id = ${id}`)
  t.equal(sid, row?.['id'])
  t.strictSame(Object.keys(headerOf(accessToken)).sort(), ['alg', 'kid', 'typ'])
})

t.test('the scope is what the roles grant, and is left out when they grant nothing', async (t) => {
  const scopeOf = async (roles: string[], email: string) =>
    claimsOf((await personWith(roles, email)).accessToken)['scope']
  t.equal(await scopeOf(['reader'], 'reader@example.com'), 'feed:read')
  t.equal(
    await scopeOf(['admin'], 'admin@example.com'),
    'audit:read metrics:read revocations:read tokens:introspect tokens:revoke users:read'
  )
  t.equal(
    await scopeOf(['admin', 'reader'], 'both@example.com'),
    'audit:read feed:read metrics:read revocations:read tokens:introspect tokens:revoke users:read'
  )
  for (const roles of [[], ['empty']]) {
    const { accessToken } = await personWith(roles, `none-${roles.length}@example.com`)
    t.notOk('scope' in claimsOf(accessToken))
    t.strictSame(claimsOf(accessToken)['roles'], roles)
  }
})

t.test('no two tokens share an id, also of one session', async (t) => {
  const { accessToken, refreshToken } = await join(app, 'ids@example.com')
  const renewed = (await refresh(app, refreshToken)).json().access_token
  t.not(claimsOf(renewed)['jti'], claimsOf(accessToken)['jti'])
  t.equal(claimsOf(renewed)['sid'], claimsOf(accessToken)['sid'])
  t.not(claimsOf((await signIn(app, 'ids@example.com')).accessToken)['sid'], claimsOf(accessToken)['sid'])
})

t.test('an access token never outlives its session', async (t) => {
  for (const settings of [{ SESSION_MAX_TTL: '5s' }, { SESSION_IDLE_TTL: '5s' }, { ACCESS_TOKEN_TTL: '5s' }]) {
    const short = await startApp(t, settings)
    const answer = (await login(short, ADMIN_EMAIL, PASSWORD)).json()
    const { iat, exp } = claimsOf(answer.access_token)
    t.equal(Number(exp) - Number(iat), answer.expires_in)
    // The session began within the second that `iat` is.
    t.ok(answer.expires_in === 5 || answer.expires_in === 6, `${answer.expires_in} seconds`)
    t.ok(answer.expires_in <= answer.refresh_expires_in)
  }
})

t.test('the session is renewed up to its end, and no further', async (t) => {
  const { id, refreshToken } = await join(app, 'end@example.com')
  await app.app.database.run(
    sql`update sessions set expires_at = clock_timestamp() + interval '60 seconds' where user_id = ${id}`
  )
  const renewed = (await refresh(app, refreshToken)).json()
  t.ok(renewed.expires_in <= 60 && renewed.expires_in > 0)
  t.equal(renewed.refresh_expires_in, renewed.expires_in)
})

/** Verified with what node:crypto has, not with the code that is tested. */
function isSignedBy({ app }: TestApp, token: string): boolean {
  const { algorithm, privateKey } = app.keys.signing
  const end = token.lastIndexOf('.')
  const input = Buffer.from(token.slice(0, end))
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  if (algorithm === 'HS256') return createHmac('sha256', privateKey).update(input).digest().equals(signature)
  const key = createPublicKey(privateKey)
  return algorithm === 'EdDSA'
    ? verify(null, input, key, signature)
    : verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

t.test('tokens are signed as configured, and those of an earlier algorithm stay good', async (t) => {
  const url = await freshDatabase(t)
  const tokens: string[] = []
  const kids = new Set()
  const first = await startAppOver(t, url)
  const published = JSON.stringify((await first.send('GET', '/.well-known/jwks.json')).json())
  await first.app.close()
  for (const algorithm of ['ES256', 'EdDSA', 'HS256']) {
    const each = await startAppOver(t, url, { JWT_ALGORITHM: algorithm })
    const { accessToken } = await signInAdmin(each)
    const { kid, ...header } = headerOf(accessToken)
    t.strictSame(header, { alg: algorithm, typ: 'at+jwt' })
    t.match(kid, /^[0-9a-f]{16}$/)
    t.ok(isSignedBy(each, accessToken))
    if (algorithm !== 'HS256') t.match(published, `"${String(kid)}"`, 'by a key that was published from the first')
    kids.add(kid)
    tokens.push(accessToken)
    for (const token of tokens) t.equal(await knock(each, token), '200', String(headerOf(token)['alg']))
    await each.app.close()
  }
  t.equal(kids.size, 3)
  const back = await startAppOver(t, url)
  const { kid } = headerOf((await signInAdmin(back)).accessToken)
  t.match(published, `"${String(kid)}"`, 'also on the way back')
})

t.test('a token for another audience or of another issuer is refused', async (t) => {
  const url = await freshDatabase(t)
  const first = await startAppOver(t, url)
  const { accessToken, refreshToken } = await signInAdmin(first)
  await first.app.close()
  for (const settings of [{ AUDIENCE: 'another-api' }, { ISSUER: 'http://localhost:3001' }]) {
    const other = await startAppOver(t, url, settings)
    const answer = await other.send('GET', '/api/v1/users/me', { token: accessToken })
    t.equal(outcome(answer), '401 invalid_token')
    t.match(answer.headers['www-authenticate'], /error="invalid_token"/)
    await other.app.close()
  }
  const again = await startAppOver(t, url)
  t.equal(await knock(again, accessToken), '200')
  t.equal(outcome(await refresh(again, refreshToken)), '200')
})
