import { sql } from 'drizzle-orm'
import t from 'tap'
import { signInAdmin, startApp, startAppOver, type TestApp } from '../support/app.ts'
import { events, headerOf, knock, outcome, refresh } from '../support/reading.ts'

interface Key {
  readonly kid: string
  readonly algorithm: string
  readonly state: string
  readonly [time: `${string}_${string}`]: string | null
}

const listed = async (app: TestApp, token: string) =>
  (await app.send('GET', '/api/v1/keys', { token })).json<{ items: Key[]; next_cursor: string | null }>()
const inState = async (app: TestApp, token: string, state: string, algorithm = 'ES256') =>
  (await listed(app, token)).items.filter((key) => key.state === state && key.algorithm === algorithm)
const kidOf = (token: string) => String(headerOf(token)['kid'])
const jwks = async (app: TestApp) => {
  const answer = await app.send('GET', '/.well-known/jwks.json')
  return answer.json<{ keys: Readonly<Record<string, string>>[] }>().keys
}
const kids = (keys: readonly { readonly kid?: string }[]) => keys.map(({ kid }) => kid)
const rotate = (app: TestApp, token: string) => app.send('POST', '/api/v1/keys/rotate', { token })
const revoke = (app: TestApp, token: string, kid: string) => app.send('POST', `/api/v1/keys/${kid}/revoke`, { token })

t.test('at the first start a key signs and its next is published, one of each algorithm to change to', async (t) => {
  for (const [algorithm, first] of [
    ['ES256', ['ES256 current', 'ES256 next', 'EdDSA next']],
    ['EdDSA', ['EdDSA current', 'ES256 next', 'EdDSA next']],
    ['HS256', ['HS256 current', 'HS256 next']]
  ] as const) {
    const app = await startApp(t, { JWT_ALGORITHM: algorithm })
    const { accessToken: token } = await signInAdmin(app)
    const { items, next_cursor: cursor } = await listed(app, token)
    t.strictSame(items.map((key) => `${key.algorithm} ${key.state}`).sort(), [...first].sort())
    t.equal(cursor, null)
    t.equal(items.find(({ state }) => state === 'current')?.kid, kidOf(token))
    const published = await jwks(app)
    t.strictSame(
      kids(published).sort(),
      items.flatMap(({ kid, algorithm }) => (algorithm === 'HS256' ? [] : [kid])).sort()
    )
    if (algorithm !== 'HS256') t.match(published[0], { kid: kidOf(token), alg: algorithm, use: 'sig' })
    for (const key of published) {
      const members = ['alg', 'crv', 'kid', 'kty', 'use', 'x', ...(key['alg'] === 'ES256' ? ['y'] : [])]
      t.strictSame(Object.keys(key).sort(), members, 'nothing private')
    }
  }
})

t.test('a key is shown with its times and without what it is made of, in pages where there are many', async (t) => {
  const app = await startApp(t)
  const { accessToken: token } = await signInAdmin(app)
  const { items } = await listed(app, token)
  for (const { kid, algorithm, state, ...times } of items) {
    t.match(kid, /^[0-9a-f]{16}$/)
    t.match(algorithm, /^(ES256|EdDSA)$/)
    t.strictSame(Object.keys(times).sort(), [
      ...['created_at', 'published_at', 'revoked_at', 'signs_from', 'signs_until', 'verifies_until']
    ])
    t.equal(times['signs_from'] === null, state === 'next')
  }
  const seen: string[] = []
  for (let query = '?limit=1'; query !== '';) {
    const page = (await app.send('GET', `/api/v1/keys${query}`, { token })).json()
    t.equal(page.items.length, 1)
    seen.push(page.items[0].kid)
    query = page.next_cursor === null ? '' : `?limit=1&cursor=${page.next_cursor}`
  }
  t.strictSame(seen, kids(items), 'each once, in the same order')
})

t.test('a rotation lets the next key sign, publishes another one, and signs nobody out', async (t) => {
  const app = await startApp(t)
  const { id, accessToken: token, refreshToken } = await signInAdmin(app)
  const [next] = await inState(app, token, 'next')
  const answer = await rotate(app, token)
  t.equal(answer.statusCode, 201)
  t.match(answer.json(), { kid: next?.kid, algorithm: 'ES256', state: 'current', signs_until: null, revoked_at: null })
  t.strictSame(kids(await inState(app, token, 'current')), [next?.kid])
  t.match(await inState(app, token, 'earlier'), [{ kid: kidOf(token), signs_until: String, verifies_until: String }])
  const [following, ...more] = await inState(app, token, 'next')
  t.notOk(following?.kid === next?.kid || more.length > 0)

  const published = await jwks(app)
  const [spare] = await inState(app, token, 'next', 'EdDSA')
  t.strictSame(kids(published)[0], next?.kid, 'the current one first')
  t.strictSame(kids(published).sort(), [next?.kid, spare?.kid, following?.kid, kidOf(token)].sort())

  t.equal(await knock(app, token), '200', 'what the earlier key signed is good')
  const renewed = (await refresh(app, refreshToken)).json()
  t.equal(kidOf(renewed.access_token), next?.kid)
  t.equal(await knock(app, renewed.access_token), '200')
  const [event, ...others] = await events(app, token, { action: 'key.rotated' })
  t.match(event, { actor: id, subject: next?.kid, outcome: 'success', detail: { before: kidOf(token) } })
  t.equal(others.length, 0)
})

t.test(
  'a key is rotated when its interval is over, by nobody, and not before its next is known everywhere',
  async (t) => {
    const app = await startApp(t)
    const { accessToken: token } = await signInAdmin(app)
    const run = (statement: string) => app.app.database.run(sql.raw(statement))
    const [next] = await inState(app, token, 'next')
    await run(`update keys set published_at = published_at - interval '60 days' where signs_from is not null`)
    await run(`update keys set signs_from = signs_from - interval '30 days' where purpose = 'sign'`)
    await app.app.keys.learn()
    t.strictSame(kids(await inState(app, token, 'current')), [kidOf(token)], 'the next one was published a moment ago')
    await run(`update keys set published_at = published_at - interval '15 minutes' where signs_from is null`)
    await app.app.keys.learn()
    t.strictSame(kids(await inState(app, token, 'current')), [next?.kid])
    t.match(await events(app, token, { action: 'key.rotated' }), [{ actor: null, ip: null, subject: next?.kid }])

    await run(`update keys set signs_from = signs_from - interval '29 days' where purpose = 'sign'`)
    await app.app.keys.learn()
    t.strictSame(kids(await inState(app, token, 'current')), [next?.kid], 'and the one after it not before its time')
  }
)

t.test('with a short interval keys follow one another by themselves, and no token is refused', async (t) => {
  const app = await startApp(t, { KEY_ROTATION_INTERVAL: '1s' })
  const tokens: string[] = []
  while (new Set(tokens.map(kidOf)).size < 3) {
    tokens.push((await signInAdmin(app)).accessToken)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  t.strictSame([...new Set(await Promise.all(tokens.map((token) => knock(app, token))))], ['200'])
})

t.test('what a revoked key signed is refused at once, and nobody is signed out', async (t) => {
  const app = await startApp(t)
  const { id, accessToken: token, refreshToken } = await signInAdmin(app)
  const [next] = await inState(app, token, 'next')
  t.equal(outcome(await revoke(app, token, kidOf(token))), '204')
  t.equal(await knock(app, token), '401 token_revoked')
  t.notOk(kids(await jwks(app)).includes(kidOf(token)), 'it is published no more')

  const renewed = (await refresh(app, refreshToken)).json()
  t.equal(kidOf(renewed.access_token), next?.kid, 'the next has taken its place')
  t.equal(await knock(app, renewed.access_token), '200')
  const admin = renewed.access_token
  t.match(await inState(app, admin, 'revoked'), [{ kid: kidOf(token), revoked_at: String, signs_until: String }])
  t.equal((await inState(app, admin, 'next')).length, 1, 'and there is a next one again')
  const [event] = await events(app, admin, { action: 'key.revoked' })
  t.match(event, { actor: id, subject: kidOf(token), detail: { signed: true, after: next?.kid } })

  t.equal(outcome(await revoke(app, admin, kidOf(token))), '204', 'again')
  t.equal((await events(app, admin, { action: 'key.revoked' })).length, 1, 'which is no event')
  const [row] = await app.app.database.run(sql`select count(*)::int as n from revocations where kind = 'key'`)
  t.equal(row?.['n'], 1)
})

t.test('a next or an earlier key can be revoked, too; keys of other tokens and of nobody are not found', async (t) => {
  const app = await startApp(t)
  const { accessToken: first } = await signInAdmin(app)
  await rotate(app, first)
  const { accessToken: token } = await signInAdmin(app)
  const [next] = await inState(app, token, 'next')
  t.equal(outcome(await revoke(app, token, String(next?.kid))), '204')
  const [another] = await inState(app, token, 'next')
  t.ok(another !== undefined && another.kid !== next?.kid)
  t.equal(outcome(await revoke(app, token, kidOf(first))), '204')
  t.strictSame([await knock(app, first), await knock(app, token)], ['401 token_revoked', '200'])
  t.strictSame(kids(await inState(app, token, 'current')), [kidOf(token)], 'what signs goes on')
  const rows = await app.app.database.run(sql`select kid from keys where purpose <> 'sign'`)
  for (const kid of [...rows.map((row) => String(row['kid'])), '0123456789abcdef']) {
    t.equal(outcome(await revoke(app, token, kid)), '404 not_found')
  }
})

t.test('where no next key is left, a new one takes the place of a revoked one', async (t) => {
  const app = await startApp(t)
  const { accessToken, refreshToken } = await signInAdmin(app)
  await app.app.database.run(sql`delete from keys where signs_from is null`)
  t.equal(outcome(await revoke(app, accessToken, kidOf(accessToken))), '204')
  const renewed = (await refresh(app, refreshToken)).json()
  t.not(kidOf(renewed.access_token), kidOf(accessToken))
  t.equal(await knock(app, renewed.access_token), '200')
})

t.test('a revoked key stays so after a restart, also when its entry of the journal is past', async (t) => {
  const first = await startApp(t)
  const { accessToken, refreshToken } = await signInAdmin(first)
  await revoke(first, accessToken, kidOf(accessToken))
  await first.app.database.run(sql`delete from revocations`)
  await first.app.close()
  const again = await startAppOver(t, first.databaseUrl)
  t.equal(await knock(again, accessToken), '401 token_revoked')
  t.notOk(kids(await jwks(again)).includes(kidOf(accessToken)))
  t.equal(outcome(await refresh(again, refreshToken)), '200')
  await again.app.database.run(sql`delete from keys where revoked_at is not null`)
  await again.app.close()
  t.equal(
    await knock(await startAppOver(t, first.databaseUrl), accessToken),
    '401 invalid_token',
    'nor once it is gone'
  )
})

t.test('the public keys can be kept for a while, and are sent again only when they have changed', async (t) => {
  const app = await startApp(t)
  const { accessToken: token } = await signInAdmin(app)
  const get = (etag?: string) =>
    app.send('GET', '/.well-known/jwks.json', etag === undefined ? {} : { headers: { 'if-none-match': etag } })
  const answer = await get()
  const { etag, ...headers } = answer.headers
  t.match(headers, {
    'content-type': 'application/jwk-set+json',
    'cache-control': 'public, max-age=300, must-revalidate'
  })
  t.match(etag, /^"[\w-]{43}"$/)
  const same = await get(String(etag))
  t.strictSame([same.statusCode, same.body, same.headers.etag], [304, '', etag])
  t.equal((await get('"another"')).statusCode, 200)
  await rotate(app, token)
  const changed = await get(String(etag))
  t.equal(changed.statusCode, 200)
  t.not(changed.headers.etag, etag)
  const head = await app.send('HEAD', '/.well-known/jwks.json')
  t.strictSame([head.statusCode, head.body, head.headers.etag], [200, '', changed.headers.etag])
  const quick = await startApp(t, { KEY_ROTATION_INTERVAL: '60s' })
  t.match((await quick.send('GET', '/.well-known/jwks.json')).headers['cache-control'], /max-age=20\b/)
})
