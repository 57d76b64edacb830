import t from 'tap'
import { join, signInAdmin, startApp, type TestApp } from '../support/app.ts'
import { makeIssuerKey, startIssuer, tokenOf, type IssuerKey, type Said } from '../support/issuer.ts'

t.setTimeout(120_000)
const es = makeIssuerKey('es')
const ed = makeIssuerKey('ed', 'EdDSA')
const rs = makeIssuerKey('rs', 'RS256')
const ps = makeIssuerKey('ps', 'PS256')
/** The same names of keys as the first issuer has, and other keys. */
const otherEs = makeIssuerKey('es')

const a = await startIssuer(t, es, ed, rs, ps)
const b = await startIssuer(t, otherEs, rs)
const roleMap = { staff: 'editor', root: 'admin', toString: 'reader' }
const app = await startApp(t, {
  ROLES: '{"editor": ["posts:write"], "reader": ["users:read"]}',
  OIDC_ISSUERS: JSON.stringify([
    { ...a.entry, role_claim: 'groups', role_map: roleMap },
    {
      ...b.entry,
      audience: 'urn:b',
      algorithms: ['RS256'],
      types: ['JWT', 'application/At+Jwt'],
      role_claim: 'https://b/r'
    }
  ])
})

const session = async (token: string) => {
  const answer = await app.send('GET', '/api/v1/auth/session', { token })
  return answer.statusCode === 200 ? answer.json<Said>() : answer.json<{ code: string }>().code
}
const whoIs = (subject: string, roles: readonly string[] = [], issuer = a.url) => ({
  user: null,
  external: { issuer, subject, roles }
})

t.test('a good token of an external issuer says who its holder is, by issuer and subject', async (t) => {
  t.strictSame(await session(tokenOf(a, es)), whoIs('ann'))
  t.strictSame(await session(tokenOf(a, ed)), whoIs('ann'))
  t.strictSame(await session(tokenOf(b, rs, { aud: 'urn:b' })), whoIs('ann', [], b.url))
  t.strictSame(await session(tokenOf(a, es, { aud: ['x', 'latchkey-api'] })), whoIs('ann'))
})

t.test('what is wrong with a token of an external issuer keeps it out', async (t) => {
  const now = Math.floor(Date.now() / 1000)
  const inB: Said = { aud: 'urn:b' }
  const rows: readonly (readonly [string, string, string])[] = [
    ['an algorithm that the entry does not name', tokenOf(a, rs), 'invalid_token'],
    ['another of that kind', tokenOf(a, ps), 'invalid_token'],
    ['one that it names not for this issuer', tokenOf(b, otherEs, inB), 'invalid_token'],
    ['the right key under another algorithm', tokenOf(b, { ...rs, kind: 'PS256' }, inB), 'invalid_token'],
    ['the key of another issuer that has its name', tokenOf(a, otherEs), 'invalid_token'],
    ['a key that another issuer publishes', tokenOf({ url: b.url }, es, inB), 'invalid_token'],
    ['an issuer nobody configured', tokenOf({ url: 'https://idp.example' }, es), 'invalid_token'],
    ['an issuer by another spelling', tokenOf({ url: `${a.url}/` }, es), 'invalid_token'],
    ['a list of issuers', tokenOf(a, es, { iss: [a.url] }), 'invalid_token'],
    ['the audience of another issuer', tokenOf(a, es, { aud: 'urn:b' }), 'invalid_token'],
    ['our audience where the entry has another', tokenOf(b, rs), 'invalid_token'],
    ['part of an audience', tokenOf(a, es, { aud: 'latchkey' }), 'invalid_token'],
    ['no audience', tokenOf(a, es, { aud: undefined }), 'invalid_token'],
    ['an empty list of audiences', tokenOf(a, es, { aud: [] }), 'invalid_token'],
    ['a type that the entry does not name', tokenOf(a, es, {}, { typ: 'JWT' }), 'invalid_token'],
    ['no type', tokenOf(a, es, {}, { typ: undefined }), 'invalid_token'],
    ['an extension', tokenOf(a, es, {}, { crit: ['exp'] }), 'invalid_token'],
    ['no kid', tokenOf(a, es, {}, { kid: undefined }), 'invalid_token'],
    ['no jti in an access token', tokenOf(a, es, { jti: undefined }), 'invalid_token'],
    [
      'no jti in one by its longer name',
      tokenOf(b, rs, { ...inB, jti: undefined }, { typ: 'application/at+jwt' }),
      'invalid_token'
    ],
    ['a jti that is no text', tokenOf(b, rs, { ...inB, jti: 7 }, { typ: 'JWT' }), 'invalid_token'],
    ['no subject', tokenOf(a, es, { sub: undefined }), 'invalid_token'],
    ['an empty subject', tokenOf(a, es, { sub: '' }), 'invalid_token'],
    ['a subject with a NUL', tokenOf(a, es, { sub: 'a\0b' }), 'invalid_token'],
    ['a subject that is no text', tokenOf(a, es, { sub: 7 }), 'invalid_token'],
    ['no time of issue', tokenOf(a, es, { iat: undefined }), 'invalid_token'],
    ['no expiry', tokenOf(a, es, { exp: undefined }), 'invalid_token'],
    ['an expiry as text', tokenOf(a, es, { exp: String(now + 600) }), 'invalid_token'],
    ['an expiry that is past', tokenOf(a, es, { iat: now - 600, exp: now - 31 }), 'token_expired'],
    ['a time of issue in the future', tokenOf(a, es, { iat: now + 60 }), 'invalid_token'],
    ['a beginning in the future', tokenOf(a, es, { nbf: now + 60 }), 'invalid_token'],
    ['another signature', `${tokenOf(a, es).slice(0, -8)}AAAAAAAA`, 'invalid_token']
  ]
  for (const [name, token, expected] of rows) t.equal(await session(token), expected, name)
})

t.test('an entry may take another type, and such a token needs no jti', async (t) => {
  for (const typ of ['JWT', 'jwt', 'application/jwt', 'at+jwt']) {
    const jti = typ === 'at+jwt' ? 'one' : undefined
    t.strictSame(await session(tokenOf(b, rs, { aud: 'urn:b', jti }, { typ })), whoIs('ann', [], b.url), typ)
  }
  t.equal(await session(tokenOf(b, rs, { aud: 'urn:b' }, { typ: 'logout+jwt' })), 'invalid_token')
})

t.test('roles come from the claim that the entry names, through its map, and from nothing else', async (t) => {
  for (const [claims, roles] of [
    [{ groups: 'staff' }, ['editor']],
    [{ groups: ['staff', 'guests', 'root', 'staff'] }, ['editor', 'admin']],
    [{ groups: 'toString' }, ['reader']],
    [{ groups: 'STAFF' }, []],
    [{ groups: 'staff root' }, []],
    [{ groups: 'editor' }, []],
    [{ groups: ['admin', 'valueOf', '__proto__', 'constructor'] }, []],
    [{ groups: [['root']] }, []],
    [{ groups: { root: true } }, []],
    [{ groups: null }, []],
    [{ groups: 7 }, []],
    [{}, []],
    [{ roles: ['admin'], scope: 'users:read', role: 'root', sid: 's', ver: 9, email: 'root@example.com' }, []]
  ] as const) {
    t.strictSame(await session(tokenOf(a, es, claims)), whoIs('ann', roles), JSON.stringify(claims))
  }
  // An entry with a claim and without a map.
  const unmapped = tokenOf(b, rs, { aud: 'urn:b', 'https://b/r': ['root', 'admin'] }, { typ: 'JWT' })
  t.strictSame(await session(unmapped), whoIs('ann', [], b.url))
})

t.test('such roles grant what they grant to anybody, and nothing more', async (t) => {
  const status = async (token: string, url: string) => (await app.send('GET', url, { token })).statusCode
  for (const [groups, users, clients, audit] of [
    [undefined, 403, 403, 403],
    ['staff', 403, 403, 403],
    ['toString', 200, 403, 403],
    ['root', 200, 200, 200]
  ] as const) {
    const token = tokenOf(a, es, { groups, scope: 'audit:read', roles: ['admin'] })
    const found = [
      await status(token, '/api/v1/users'),
      await status(token, '/api/v1/clients'),
      await status(token, '/api/v1/audit')
    ]
    t.strictSame(found, [users, clients, audit], groups ?? 'none')
  }
})

t.test('a subject that is the id of a user of ours is nobody of ours', async (t) => {
  const ann = await join(app, 'ann@example.com')
  const groups = 'root'
  const token = tokenOf(a, es, {
    sub: ann.id,
    groups,
    sid: 's',
    email: 'ann@example.com',
    ver: 1,
    client_id: 'latchkey'
  })
  t.strictSame(await session(token), whoIs(ann.id, ['admin']))
  for (const [method, url, body] of OWN_RECORD) {
    const answer = await app.send(method, url, { token, ...(body && { body }) })
    t.strictSame([answer.statusCode, answer.json<Said>()['code']], [403, 'forbidden'], `${method} ${url}`)
  }
  t.equal((await app.send('POST', '/api/v1/auth/logout', { token })).statusCode, 204, 'it signs nobody out')
  const hers = await app.send('GET', '/api/v1/users/me', { token: ann.accessToken })
  t.equal(hers.json<Said>()['id'], ann.id, 'and she is still there')
  // What ends her tokens does not end those of her namesake.
  const { accessToken: admin } = await signInAdmin(app)
  await app.send('POST', `/api/v1/users/${ann.id}/revoke`, { token: admin })
  t.equal((await app.send('GET', '/api/v1/users/me', { token: ann.accessToken })).statusCode, 401)
  t.strictSame(await session(token), whoIs(ann.id, ['admin']))
})

t.test('what an external administrator does is written down under issuer and subject', async (t) => {
  const { id } = await join(app, 'bob@example.com')
  const token = tokenOf(a, es, { sub: id, groups: 'root' })
  const changed = await app.send('PATCH', `/api/v1/users/${id}`, { token, body: { display_name: 'Bob' } })
  t.equal(changed.statusCode, 200, changed.body)
  const made = await app.send('POST', '/api/v1/clients', { token, body: { name: 'c', permissions: ['a:b'] } })
  t.equal(made.statusCode, 201, made.body)
  const client = made.json<{ client_id: string }>().client_id
  const removed = await app.send('DELETE', `/api/v1/clients/${client}`, { token })
  t.equal(removed.statusCode, 204)
  for (const subject of [id, client]) {
    const events = await eventsAbout(app, token, subject)
    t.ok(events.length > 0)
    for (const { actor } of events.filter(({ action }) => /changed|client/.test(action)))
      t.equal(actor, `${a.url} ${id}`)
  }
})

t.test('the revocation feed is open to whoever has a role that grants it', async (t) => {
  for (const [groups, expected] of [
    ['root', 200],
    ['staff', 403]
  ] as const) {
    const token = tokenOf(a, es, { groups })
    t.equal((await app.send('HEAD', '/oauth2/revocations', { token })).statusCode, expected, groups)
  }
})

t.test('an own token with the key of another issuer, or the other way round, is nothing', async (t) => {
  const issuer = 'http://localhost:3000'
  const { kid } = app.app.keys.signing
  const claims = { client_id: 'latchkey', ver: 1, sid: 's', roles: ['admin'], email: 'a@b.example' }
  for (const key of [es, { ...es, kid }] satisfies IssuerKey[]) {
    t.equal(await session(tokenOf({ url: issuer }, key, claims)), 'invalid_token', `as ${issuer} with ${key.kid}`)
    if (key !== es) t.equal(await session(tokenOf(a, key)), 'invalid_token', 'nor is our kid one of theirs')
  }
  const own = (await join(app, 'eve@example.com')).accessToken
  const [head, , signature] = own.split('.')
  const theirs = tokenOf(a, es).split('.')[1]
  t.equal(await session(`${head}.${theirs}.${signature}`), 'invalid_token')
})

t.test(
  'introspection tells an external token with what it has here, and nothing that its issuer says of that',
  async (t) => {
    const { accessToken: admin } = await signInAdmin(app)
    const body = { name: 'asks', permissions: ['tokens:introspect', 'tokens:revoke'] }
    const made = await app.send('POST', '/api/v1/clients', { token: admin, body })
    const { client_id: id, client_secret: secret } = made.json<{ client_id: string; client_secret: string }>()
    const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
    const ask = (path: string, token: string) => app.send('POST', path, { form: { token }, headers })
    const token = tokenOf(a, es, {
      groups: 'staff',
      roles: ['admin'],
      scope: 'x:y',
      email: 'a@b.example',
      sid: 's',
      ver: 3
    })
    const { iat, exp, jti, ...told } = (await ask('/oauth2/introspect', token)).json<Said>()
    t.strictSame(told, {
      active: true,
      token_type: 'Bearer',
      iss: a.url,
      aud: 'latchkey-api',
      sub: 'ann',
      roles: ['editor'],
      scope: 'posts:write'
    })
    t.strictSame([typeof iat, typeof exp, typeof jti], ['number', 'number', 'string'])
    for (const wrong of [tokenOf(a, es, { aud: 'other' }), tokenOf(a, rs), tokenOf(a, es, { exp: 1 })]) {
      t.strictSame((await ask('/oauth2/introspect', wrong)).json(), { active: false })
    }
    t.equal((await ask('/oauth2/revoke', token)).statusCode, 200, 'it is not ours to revoke')
    t.strictSame(await session(token), whoIs('ann', ['editor']))
  }
)

const OWN_RECORD = [
  ['GET', '/api/v1/users/me'],
  ['PATCH', '/api/v1/users/me', { display_name: 'x' }],
  ['DELETE', '/api/v1/users/me', { password: 'x' }],
  ['POST', '/api/v1/auth/password', { current_password: 'x', new_password: 'y' }],
  ['POST', '/api/v1/auth/logout-all']
] as const

interface Event {
  readonly action: string
  readonly actor: string | null
}
const eventsAbout = async (app: TestApp, token: string, subject: string): Promise<readonly Event[]> =>
  (await app.send('GET', `/api/v1/audit?subject=${subject}`, { token })).json<{ items: Event[] }>().items
