import t from 'tap'
import { signInAdmin, startApp } from '../support/app.ts'
import { assertionOf, byAssertion, makeAssertionKey } from '../support/assertions.ts'
import {
  askToken,
  base64,
  basic,
  clientToken,
  form,
  GRANT,
  knockAsService,
  makeClient,
  NOBODY,
  oauthOutcome,
  post,
  type Fields
} from '../support/clients.ts'
import { claimsOf, headerOf, outcome } from '../support/reading.ts'

const app = await startApp(t, { RATE_LIMIT: 'off' })
const { accessToken: admin } = await signInAdmin(app)
const LEDGER = 'https://ledger.example/api?x=1'
const FEED = 'feed'
const key = makeAssertionKey('ES256')
const client = await makeClient(app, admin, {
  permissions: ['users:read', 'invoices:write', 'audit:read'],
  audiences: [LEDGER, FEED],
  public_jwk: key.publicJwk
})
const token = (fields: Fields | string, headers = {}) => form(app, '/oauth2/token', fields, { headers })
const INVALID = '401 invalid_client'
const BAD = '400 invalid_request'

t.test('by each of the three methods a client gets a token that says who it is and what it may do', async (t) => {
  const ways: Readonly<Record<string, () => ReturnType<typeof token>>> = {
    client_secret_basic: () => token(GRANT, basic(client)),
    client_secret_post: () => token({ ...GRANT, ...post(client) }),
    private_key_jwt: () => token({ ...GRANT, ...byAssertion(assertionOf(key, client.id)) })
  }
  for (const [way, ask] of Object.entries(ways)) {
    const answer = await ask()
    t.equal(answer.statusCode, 200, way)
    t.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
    t.equal(answer.headers['cache-control'], 'no-store')
    const { access_token: accessToken, ...rest } = answer.json<{ access_token: string }>()
    t.strictSame(rest, { token_type: 'Bearer', expires_in: 900, scope: 'audit:read invoices:write users:read' })
    const { iat, exp, jti, ...claims } = claimsOf(accessToken)
    t.strictSame(claims, {
      iss: 'http://localhost:3000',
      aud: 'latchkey-api',
      sub: client.id,
      client_id: client.id,
      ver: 1,
      scope: 'audit:read invoices:write users:read'
    })
    t.equal(Number(exp) - Number(iat), 900)
    t.ok(Math.abs(Number(iat) - Date.now() / 1000) < 60)
    t.match(jti, /^[0-9a-f-]{36}$/)
    const { kid, ...header } = headerOf(accessToken)
    t.strictSame(header, { alg: 'ES256', typ: 'at+jwt' })
    t.match(kid, /^[0-9a-f]{16}$/)
    t.equal(await knockAsService(app, accessToken), '200')
  }
})

t.test('no two tokens of a client are the same', async (t) => {
  const tokens = await Promise.all(Array.from({ length: 20 }, () => clientToken(app, client)))
  t.equal(new Set(tokens.map((one) => claimsOf(one)['jti'])).size, 20)
})

t.test('a service is no user: what is about people is not for it', async (t) => {
  const service = await clientToken(app, client)
  t.equal(outcome(await app.send('GET', '/api/v1/users/me', { token: service })), '403 forbidden')
  t.equal(outcome(await app.send('GET', '/api/v1/clients', { token: service })), '403 forbidden')
  t.equal(outcome(await app.send('GET', '/api/v1/audit', { token: service })), '200')
  const narrow = await clientToken(app, client, { scope: 'users:read' })
  const refused = await app.send('GET', '/api/v1/audit', { token: narrow })
  t.equal(outcome(refused), '403 forbidden')
  t.match(refused.headers['www-authenticate'], /error="insufficient_scope", scope="audit:read"/)
})

t.test(
  'the scope is what is asked for, in any order and however often, and never more than the client has',
  async (t) => {
    const scopeFor = async (scope: string) => {
      const answer = await askToken(app, client, { scope })
      if (answer.statusCode !== 200) return oauthOutcome(answer)
      const { scope: said, access_token: accessToken } = answer.json<{ scope?: string; access_token: string }>()
      t.equal(claimsOf(accessToken)['scope'], said)
      return said
    }
    const REFUSED = '400 invalid_scope'
    for (const [scope, expected] of [
      ['users:read', 'users:read'],
      ['users:read audit:read', 'audit:read users:read'],
      ['users:read users:read', 'users:read'],
      ['audit:read invoices:write users:read', 'audit:read invoices:write users:read'],
      ['', 'audit:read invoices:write users:read'],
      ['tokens:introspect', REFUSED],
      ['users:read tokens:introspect', REFUSED],
      ['users:read  audit:read', REFUSED],
      [' users:read', REFUSED],
      ['users:read ', REFUSED],
      [' ', REFUSED],
      ['users:read\taudit:read', REFUSED],
      ['users:read,audit:read', REFUSED],
      ['Users:read', REFUSED],
      ['users:*', REFUSED],
      ['*', REFUSED],
      ['users', REFUSED],
      ['__proto__', REFUSED],
      ['"', REFUSED],
      ['é', REFUSED],
      [`${'users:read '.repeat(1000)}users:read`, 'users:read']
    ] as const) {
      t.equal(await scopeFor(scope), expected, JSON.stringify(scope.slice(0, 40)))
    }
    const powerless = await makeClient(app, admin)
    const answer = (await askToken(app, powerless)).json<object>()
    t.strictSame(Object.keys(answer).sort(), ['access_token', 'expires_in', 'token_type'])
    t.notOk('scope' in claimsOf(await clientToken(app, powerless)))
    t.equal(oauthOutcome(await askToken(app, powerless, { scope: 'users:read' })), REFUSED)
  }
)

t.test('a token for one service is worth nothing at another', async (t) => {
  for (const resource of [LEDGER, FEED]) {
    const elsewhere = await clientToken(app, client, { resource })
    t.equal(claimsOf(elsewhere)['aud'], resource)
    t.equal(await knockAsService(app, elsewhere), '401 invalid_token')
  }
  const here = await clientToken(app, client, { resource: '' })
  t.equal(claimsOf(here)['aud'], 'latchkey-api', 'without a value it counts as left out')
  t.equal(await knockAsService(app, here), '200')
  const others = [
    'https://other.example',
    `${LEDGER}#x`,
    `${LEDGER} `,
    'FEED',
    `${LEDGER} ${FEED}`,
    'latchkey-api',
    '*'
  ]
  for (const resource of others) {
    t.equal(oauthOutcome(await askToken(app, client, { resource })), '400 invalid_target', resource)
  }
  t.equal(
    oauthOutcome(await token(`grant_type=client_credentials&resource=${FEED}&resource=${FEED}`, basic(client))),
    BAD
  )
  const named = await makeClient(app, admin, { permissions: ['users:read'], audiences: ['latchkey-api'] })
  t.equal(await knockAsService(app, await clientToken(app, named, { resource: 'latchkey-api' })), '200')
})

t.test('whoever has not proved who it is is told nothing but how to', async (t) => {
  const { id, secret } = client
  const other = await makeClient(app, admin)
  const disabled = await makeClient(app, admin)
  await app.send('PATCH', `/api/v1/clients/${disabled.id}`, { token: admin, body: { disabled: true } })
  const rows: Readonly<Record<string, readonly [Fields, Readonly<Record<string, string>>]>> = {
    nobody: [GRANT, {}],
    'nobody who exists': [GRANT, basic({ id: NOBODY, secret })],
    'a wrong secret': [GRANT, basic({ id, secret: other.secret })],
    'a wrong secret in the form': [{ ...GRANT, ...post({ id, secret: other.secret }) }, {}],
    'the secret of somebody disabled': [GRANT, basic(disabled)],
    'the secret without its last letter': [GRANT, basic({ id, secret: secret.slice(0, -1) })],
    'the secret in other letters': [GRANT, basic({ id, secret: secret.toLowerCase() })],
    'the hash of nothing': [GRANT, basic({ id, secret: '' })],
    'an id in capitals': [GRANT, basic({ id: id.toUpperCase(), secret })],
    'an id with a NUL': [GRANT, { authorization: `Basic ${base64(`${id}\0:${secret}`)}` }],
    'a client_id alone': [{ ...GRANT, client_id: id }, {}],
    'a client_secret alone': [{ ...GRANT, client_secret: secret }, {}],
    'a bearer token': [GRANT, { authorization: `Bearer ${admin}` }],
    'an empty field': [GRANT, { authorization: '' }],
    'nothing after the scheme': [GRANT, { authorization: 'Basic ' }],
    'no base64': [GRANT, { authorization: 'Basic !!!' }],
    'no colon': [GRANT, { authorization: `Basic ${base64(id)}` }],
    'two spaces': [GRANT, { authorization: `Basic  ${base64(`${id}:${secret}`)}` }],
    'a parameter of the field': [GRANT, { authorization: `Basic ${base64(`${id}:${secret}`)}, x=y` }],
    'another scheme': [GRANT, { authorization: `Digest ${base64(`${id}:${secret}`)}` }]
  }
  for (const [who, [fields, headers]] of Object.entries(rows)) {
    const answer = await token(fields, headers)
    t.equal(oauthOutcome(answer), INVALID, who)
    t.equal(answer.headers['www-authenticate'], 'Basic realm="latchkey", charset="UTF-8"', who)
    t.equal(answer.headers['cache-control'], 'no-store', who)
  }
  const answers = await Promise.all(
    [{ id: NOBODY, secret }, { id, secret: other.secret }, disabled].map((who) => token(GRANT, basic(who)))
  )
  t.equal(new Set(answers.map(({ body }) => body)).size, 1, 'unknown, wrong and disabled are told alike')
})

t.test('the scheme is Basic in any letter case', async (t) => {
  for (const scheme of ['Basic', 'basic', 'BASIC', 'bAsIc']) {
    const authorization = `${scheme} ${base64(`${client.id}:${client.secret}`)}`
    t.equal(oauthOutcome(await token(GRANT, { authorization })), '200', scheme)
  }
})

t.test('a client says who it is in one way, and once', async (t) => {
  const assertion = byAssertion(assertionOf(key, client.id))
  const rows: readonly (readonly [what: string, fields: Fields, headers: Readonly<Record<string, string>>])[] = [
    ['Basic and post', { ...GRANT, ...post(client) }, basic(client)],
    ['Basic and a secret', { ...GRANT, client_secret: client.secret }, basic(client)],
    ['Basic and an assertion', { ...GRANT, ...assertion }, basic(client)],
    ['Basic and a type', { ...GRANT, client_assertion_type: 'x' }, basic(client)],
    ['a secret and an assertion', { ...GRANT, ...post(client), ...assertion }, {}],
    ['Bearer and post', { ...GRANT, ...post(client) }, { authorization: `Bearer ${admin}` }],
    ['another client_id', { ...GRANT, client_id: NOBODY }, basic(client)]
  ]
  for (const [what, fields, headers] of rows) t.equal(oauthOutcome(await token(fields, headers)), BAD, what)
  t.equal(oauthOutcome(await token({ ...GRANT, client_id: client.id }, basic(client))), '200', 'the same client_id')
  t.equal(oauthOutcome(await token({ ...GRANT, client_secret: '' }, basic(client))), '200', 'an empty one is none')
  t.equal(oauthOutcome(await token({ ...GRANT, ...assertion })), '200', 'and what was refused used nothing up')
})
