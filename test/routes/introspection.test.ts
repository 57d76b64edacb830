import { createPublicKey } from 'node:crypto'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { join, signIn, signInAdmin, startApp } from '../support/app.ts'
import { mint, newAdmin } from '../support/callers.ts'
import {
  CLIENTS,
  clientToken,
  form,
  formsWithoutOneToken,
  introspect,
  knockAsService,
  makeClient,
  oauthOutcome,
  post
} from '../support/clients.ts'
import { makeForger, signTexts } from '../support/forge.ts'
import { claimsOf, headerOf, REFRESH } from '../support/reading.ts'

const app = await startApp(t, { RATE_LIMIT: 'off', ROLES: '{"editor":["feed:write"]}' })
const { accessToken: admin } = await signInAdmin(app)
const LEDGER = 'https://ledger.example'
const asker = await makeClient(app, admin, { permissions: ['tokens:introspect'] })
const ask = async (token: string) => {
  const answer = await introspect(app, asker, token)
  if (answer.statusCode !== 200) throw new Error(`introspect: ${answer.statusCode} ${answer.body}`)
  return answer
}
const INACTIVE = '{"active":false}'
const now = () => Math.floor(Date.now() / 1000)

t.test('of a service’s token it is said what it says', async (t) => {
  const client = await makeClient(app, admin, { permissions: ['users:read', 'audit:read'] })
  const token = await clientToken(app, client, { scope: 'users:read' })
  const answer = await ask(token)
  t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  t.equal(answer.headers['cache-control'], 'no-store')
  const { iat, exp, jti } = claimsOf(token)
  t.strictSame(answer.json(), {
    active: true,
    token_type: 'Bearer',
    iss: 'http://localhost:3000',
    aud: 'latchkey-api',
    sub: client.id,
    client_id: client.id,
    scope: 'users:read',
    ver: 1,
    iat,
    exp,
    jti
  })
})

t.test('of a user’s token it is said who the user is, and which roles and permissions they have', async (t) => {
  const { id, email } = await join(app, 'ada@example.com')
  await app.send('PATCH', `/api/v1/users/${id}`, { token: admin, body: { roles: ['editor'] } })
  const { accessToken } = await signIn(app, email)
  const { iat, exp, jti, sid } = claimsOf(accessToken)
  t.strictSame((await ask(accessToken)).json(), {
    active: true,
    token_type: 'Bearer',
    iss: 'http://localhost:3000',
    aud: 'latchkey-api',
    sub: id,
    client_id: 'latchkey',
    scope: 'feed:write',
    ver: 2,
    sid,
    roles: ['editor'],
    email: 'ada@example.com',
    iat,
    exp,
    jti
  })
})

t.test('a token for another audience is active, and says for whom', async (t) => {
  const client = await makeClient(app, admin, { permissions: ['users:read'], audiences: [LEDGER] })
  const token = await clientToken(app, client, { resource: LEDGER })
  t.match((await ask(token)).json(), { active: true, aud: LEDGER, sub: client.id })
  t.equal(await knockAsService(app, token), '401 invalid_token')
  const forTwo = mint(app, { sub: client.id, client_id: client.id, iat: now(), exp: now() + 60, aud: [LEDGER, 'x'] })
  t.strictSame((await ask(forTwo)).json<{ aud: unknown }>().aud, [LEDGER, 'x'])
})

t.test('whatever is not active is answered with that and with nothing else', async (t) => {
  const client = await makeClient(app, admin, { permissions: ['users:read'] })
  const service = { sub: client.id, client_id: client.id, scope: 'users:read' }
  const [header = '', payload = '', signature = ''] = (await clientToken(app, client)).split('.')
  const publicKey = createPublicKey(app.app.keys.signing.privateKey).export({ format: 'pem', type: 'spki' })
  const byPublicKey = { ...makeForger('HS256'), privateKey: Buffer.from(publicKey) }
  const hmacHeader = JSON.stringify({ alg: 'HS256', typ: 'at+jwt', kid: headerOf(`${header}.${payload}.`)['kid'] })
  const person = await newAdmin(app)
  const cookie = await app.send('POST', '/api/v1/auth/login', {
    body: { email: person.email, password: 'correct horse battery staple' }
  })
  const made = await app.send('POST', '/api/v1/users', { token: admin, body: { email: 'invited@example.com' } })
  const rows: Readonly<Record<string, string>> = {
    garbage: 'garbage',
    'three parts of garbage': 'a.b.c',
    'a letter': 'x',
    'what is no letter': '\u{1f600} é %',
    'a long text': 'x'.repeat(60_000),
    'an expired one': mint(app, { ...service, iat: now() - 1000, exp: now() - 100 }),
    'one that is not valid yet': mint(app, { ...service, iat: now() + 100, exp: now() + 1000 }),
    'one of another issuer': mint(app, { ...service, iat: now(), exp: now() + 60, iss: 'https://other.example' }),
    'one for nobody': mint(app, { ...service, iat: now(), exp: now() + 60, aud: [] }),
    'one without an id': mint(app, { ...service, iat: now(), exp: now() + 60, jti: '' }),
    'one with another signature': `${header}.${payload}.${(signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)}`,
    'one without a signature': `${header}.${payload}.`,
    'one signed by the public key': signTexts(byPublicKey, hmacHeader, Buffer.from(payload, 'base64url')),
    'one by a key of nobody': signTexts(
      makeForger('ES256'),
      Buffer.from(header, 'base64url'),
      Buffer.from(payload, 'base64url')
    ),
    'a secret': client.secret,
    'a refresh token': person.refreshToken,
    'a refresh token of a cookie': cookie.cookies.find(({ name }) => name === REFRESH)?.value ?? '',
    'a reset token': made.json<{ reset_token: string }>().reset_token,
    'a token and a space': `${header}.${payload}.${signature} `,
    'a token behind Bearer': `Bearer ${header}.${payload}.${signature}`
  }
  t.match((await ask(`${header}.${payload}.${signature}`)).json(), { active: true })
  for (const [what, token] of Object.entries(rows)) {
    t.not(token, '')
    const answer = await ask(token)
    t.equal(answer.body, INACTIVE, what)
    t.equal(answer.headers['cache-control'], 'no-store')
  }
})

t.test('what was taken back is not active any more, however it was', async (t) => {
  const person = async () => newAdmin(app)
  const service = async () => {
    const client = await makeClient(app, admin, { permissions: ['users:read', 'a:b'], audiences: [LEDGER] })
    return { ...client, token: await clientToken(app, client) }
  }
  const patchClient = (id: string, body: object) => app.send('PATCH', `${CLIENTS}/${id}`, { token: admin, body })
  const patchUser = (id: string, body: object) => app.send('PATCH', `/api/v1/users/${id}`, { token: admin, body })
  const ways: Readonly<Record<string, () => Promise<string>>> = {
    'the session is over': async () => {
      const { accessToken } = await person()
      await app.send('POST', '/api/v1/auth/logout', { token: accessToken })
      return accessToken
    },
    'the user’s roles changed': async () => {
      const { id, accessToken } = await person()
      await patchUser(id, { roles: [] })
      return accessToken
    },
    'the user is disabled': async () => {
      const { id, accessToken } = await person()
      await patchUser(id, { disabled: true })
      return accessToken
    },
    'the user is gone': async () => {
      const { id, accessToken } = await person()
      await app.send('DELETE', `/api/v1/users/${id}`, { token: admin })
      return accessToken
    },
    'a permission of the client is gone': async () => {
      const { id, token } = await service()
      await patchClient(id, { permissions: ['users:read'] })
      return token
    },
    'an audience of the client is gone': async () => {
      const { id, token } = await service()
      await patchClient(id, { audiences: [] })
      return token
    },
    'the client is disabled': async () => {
      const { id, token } = await service()
      await patchClient(id, { disabled: true })
      return token
    },
    'the client is gone': async () => {
      const { id, token } = await service()
      await app.send('DELETE', `${CLIENTS}/${id}`, { token: admin })
      return token
    },
    'the client took it back': async () => {
      const { token, ...client } = await service()
      await form(app, '/oauth2/revoke', { token, ...post(client) })
      return token
    }
  }
  for (const [why, take] of Object.entries(ways)) {
    t.equal((await ask(await take())).body, INACTIVE, why)
  }
})

t.test('only a client that may ask is answered', async (t) => {
  const token = await clientToken(app, asker)
  const powerless = await makeClient(app, admin, { permissions: ['tokens:revoke', 'users:read'] })
  t.equal(oauthOutcome(await introspect(app, powerless, token)), '403 insufficient_scope')
  t.equal(oauthOutcome(await introspect(app, powerless, 'garbage')), '403 insufficient_scope', 'whatever it asks about')
  const own = await clientToken(app, powerless)
  t.equal(oauthOutcome(await introspect(app, powerless, own)), '403 insufficient_scope', 'its own neither')
  for (const bearer of [token, admin]) {
    const answer = await form(app, '/oauth2/introspect', { token }, { headers: { authorization: `Bearer ${bearer}` } })
    t.equal(oauthOutcome(answer), '401 invalid_client', 'a token is no client authentication')
    t.equal(answer.headers['www-authenticate'], 'Basic realm="latchkey", charset="UTF-8"')
  }
  t.equal(oauthOutcome(await form(app, '/oauth2/introspect', { token })), '401 invalid_client')
  t.equal(oauthOutcome(await introspect(app, { id: asker.id, secret: 'lks_x' }, token)), '401 invalid_client')
  t.equal(oauthOutcome(await form(app, '/oauth2/introspect', { token, ...post(asker) })), '200', 'in the form')
  t.equal(
    oauthOutcome(await app.send('GET', `/oauth2/introspect?token=${token}`)),
    '405 invalid_request',
    'by POST alone'
  )

  await app.send('PATCH', `${CLIENTS}/${powerless.id}`, { token: admin, body: { permissions: ['tokens:introspect'] } })
  t.equal(oauthOutcome(await introspect(app, powerless, token)), '200', 'from the moment it may')
  await app.send('PATCH', `${CLIENTS}/${powerless.id}`, { token: admin, body: { permissions: [] } })
  t.equal(oauthOutcome(await introspect(app, powerless, token)), '403 insufficient_scope', 'and no longer')
})

t.test('there is one token in a question, and its kind is told by its form', async (t) => {
  const token = await clientToken(app, asker)
  for (const hint of ['access_token', 'refresh_token', 'nonsense', '', 'x'.repeat(1000)]) {
    t.match((await introspect(app, asker, token, { token_type_hint: hint })).json(), { active: true }, hint)
  }
  for (const [what, body] of formsWithoutOneToken(asker)) {
    t.equal(oauthOutcome(await form(app, '/oauth2/introspect', body)), '400 invalid_request', what)
  }
})

t.test('while it cannot be confirmed what has been revoked, nothing is said to be active', async (t) => {
  const app = await startApp(t, { REVOCATION_MAX_STALENESS: '1s' })
  const { accessToken: admin } = await signInAdmin(app)
  const asker = await makeClient(app, admin, { permissions: ['tokens:introspect', 'users:read'] })
  const token = await clientToken(app, asker)
  t.match((await introspect(app, asker, token)).json(), { active: true })
  // Clients are still known, and what has been revoked is not: the journal alone cannot be read.
  await app.app.database.run(sql`alter table revocations rename to hidden`)
  let answer = await introspect(app, asker, token)
  for (let tries = 0; answer.statusCode === 200 && tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    answer = await introspect(app, asker, token)
  }
  t.equal(oauthOutcome(answer), '503 temporarily_unavailable')
  t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
  t.equal(await knockAsService(app, token), '503 revocation_unavailable', 'as a guard says')
  t.equal(oauthOutcome(await introspect(app, asker, 'garbage')), '503 temporarily_unavailable')
  await app.app.database.run(sql`alter table hidden rename to revocations`)
  for (let tries = 0; answer.statusCode !== 200 && tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    answer = await introspect(app, asker, token)
  }
  t.match(answer.json(), { active: true }, 'and once it can, it is said again')
})
