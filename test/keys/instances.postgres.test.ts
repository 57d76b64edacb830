import { generateKeyPairSync } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { createSigner } from 'fast-jwt'
import t from 'tap'
import { openDatabase } from '../../src/db/open.ts'
import { buildApp } from '../../src/app.ts'
import { ROOT_SECRET, signInAdmin, startAppOver, testConfig, type TestApp } from '../support/app.ts'
import { freshDatabase, type Test } from '../support/database.ts'
import { claimsOf, headerOf, knock, outcome, refresh } from '../support/reading.ts'

t.setTimeout(240_000)
const NEWER_SECRET = 'a newer root secret for tests of more than 32 bytes'
const kidOf = (token: string) => String(headerOf(token)['kid'])

// Several instances over one database.
const shared = (t: Test) => freshDatabase(t, { engine: 'postgres' })
const rotate = (app: TestApp, token: string) => app.send('POST', '/api/v1/keys/rotate', { token })
const published = async (app: TestApp) => (await app.send('GET', '/.well-known/jwks.json')).body

t.test('a token of a key that an instance has not heard of yet is not refused, however new the key is', async (t) => {
  const url = await shared(t)
  const [one, two] = [await startAppOver(t, url), await startAppOver(t, url)]
  const { accessToken } = await signInAdmin(one)
  for (let round = 0; round < 10; round++) {
    // The second of the two was not there before the first.
    for (let turn = 0; turn < 2; turn++) t.equal((await rotate(one, accessToken)).statusCode, 201)
    const { accessToken: token, refreshToken } = await signInAdmin(one)
    t.equal(await knock(two, token), '200')
    t.equal(outcome(await two.send('POST', '/api/v1/auth/logout', { token })), '204')
    t.equal(outcome(await refresh(one, refreshToken)), '401 invalid_refresh_token', 'and names its session there')
  }
})

t.test('forged kids share what they cost, and cost nobody else a refusal', async (t) => {
  const url = await shared(t)
  const [one, two] = [await startAppOver(t, url), await startAppOver(t, url)]
  const { accessToken } = await signInAdmin(one)
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' })
  const forge = (n: number) => {
    const kid = n.toString(16).padStart(16, '0')
    const sign = createSigner({ key: key.toString(), algorithm: 'ES256', header: { alg: 'ES256', typ: 'at+jwt', kid } })
    return sign({ ...claimsOf(accessToken) })
  }
  for (let turn = 0; turn < 2; turn++) await rotate(one, accessToken)
  const { accessToken: token } = await signInAdmin(one)
  const forgeries = Array.from({ length: 300 }, (_, n) => knock(two, forge(n)))
  const good = Array.from({ length: 20 }, () => knock(two, token))
  t.strictSame([...new Set(await Promise.all(forgeries))], ['401 invalid_token'])
  t.strictSame([...new Set(await Promise.all(good))], ['200'])
  const held = two.app.keys.find(kidOf(token))
  await Promise.all(Array.from({ length: 300 }, (_, n) => knock(two, forge(n))))
  t.equal(two.app.keys.find(kidOf(token)), held, 'the ring stays what it is')
})

t.test('a revoked key is over on every instance, and out of what each publishes', async (t) => {
  const url = await shared(t)
  const [one, two, three] = [
    await startAppOver(t, url),
    await startAppOver(t, url),
    await startAppOver(t, url, { REVOCATION_SYNC: 'poll' })
  ]
  const { accessToken, refreshToken } = await signInAdmin(one)
  t.equal(outcome(await one.send('POST', `/api/v1/keys/${kidOf(accessToken)}/revoke`, { token: accessToken })), '204')
  for (const app of [two, three]) {
    while ((await knock(app, accessToken)) === '200') await new Promise((resolve) => setTimeout(resolve, 10))
    t.equal(await knock(app, accessToken), '401 token_revoked')
    t.notMatch(await published(app), kidOf(accessToken))
    const { accessToken: token } = await signInAdmin(app)
    t.not(kidOf(token), kidOf(accessToken), 'nor does it sign there any more')
    t.equal(await knock(one, token), '200')
  }
  t.equal(outcome(await refresh(two, refreshToken)), '200')
})

t.test('an instance that was given the old root secret alone goes on with the keys that it holds', async (t) => {
  const url = await shared(t)
  let log = ''
  const old = await startAppOver(t, url, { LOG_LEVEL: 'error' }, { write: (line) => void (log += line) })
  const { accessToken, refreshToken } = await signInAdmin(old)
  const both = { LATCHKEY_SECRET: `${NEWER_SECRET},${ROOT_SECRET}` }
  const newer = await startAppOver(t, url, both)
  await old.app.keys.learn()
  const [row] = await newer.app.database.run(sql`select count(distinct sealed_under)::int as n from keys`)
  t.equal(row?.['n'], 1, 'all are sealed anew')
  t.equal(log, '')
  const renewed = (await refresh(old, refreshToken)).json()
  for (const app of [old, newer]) {
    t.equal(await knock(app, accessToken), '200')
    t.equal(await knock(app, renewed.access_token), '200')
  }
  // The next one is known to the old instance, the one that is made then is not.
  await rotate(newer, accessToken)
  await old.app.keys.learn()
  const { accessToken: token } = await signInAdmin(newer)
  t.equal(await knock(old, token), '200')
  t.equal(kidOf((await signInAdmin(old)).accessToken), kidOf(token))
  await old.app.keys.learn()
  t.equal(log.match(/cannot be opened/g)?.length, 1, 'which is said once')
  await t.rejects(buildApp(testConfig(url)), { message: /root secret/ }, 'but it cannot be started again')
})

t.test('who can write to the database alone can have no key published and none accepted', async (t) => {
  const url = await shared(t)
  const app = await startAppOver(t, url)
  const { accessToken } = await signInAdmin(app)
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' })
  const kid = 'feedfacefeedface'
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  const forge = (under: string) =>
    createSigner({ key: pem, algorithm: 'ES256', header: { alg: 'ES256', typ: 'at+jwt', kid: under } })({
      ...claimsOf(accessToken)
    })
  // A row of his own, with the sealed part of ours.
  await app.app.database.run(sql`
    insert into keys (kid, purpose, algorithm, generation, public_jwk, sealed, sealed_under, published_at, signs_from)
    select ${kid}::text, purpose, algorithm, 99, ${JSON.stringify(jwk)}::jsonb, sealed, sealed_under, published_at, clock_timestamp()
    from keys where kid = ${kidOf(accessToken)}`)
  await app.app.keys.learn()
  t.notMatch(await published(app), kid)
  t.equal(await knock(app, forge(kid)), '401 invalid_token')
  t.equal(await knock(app, accessToken), '200')
  await t.rejects(buildApp(testConfig(url)), { message: new RegExp(`${kid} in the database was changed`) })

  // Another public part for a key of ours.
  const database = await openDatabase({ url, poolSize: 1, timeoutMilliseconds: 5000 })
  t.teardown(() => database.close())
  await database.run(sql`delete from keys where kid = ${kid}`)
  await database.run(sql`update keys set public_jwk = ${JSON.stringify(jwk)}::jsonb where kid = ${kidOf(accessToken)}`)
  await app.app.keys.learn()
  t.notMatch(await published(app), jwk.x ?? '')
  t.equal(await knock(app, forge(kidOf(accessToken))), '401 invalid_token')
  await t.rejects(buildApp(testConfig(url)), {
    message: new RegExp(`${kidOf(accessToken)} in the database was changed`)
  })
})
