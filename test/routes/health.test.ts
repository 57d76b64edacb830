import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { ADMIN_EMAIL, PASSWORD, signInAdmin, startApp, type TestApp } from '../support/app.ts'
import { events, knock, login, outcome } from '../support/reading.ts'

const ready = (app: TestApp) => app.send('GET', '/health/ready')

/** Asks until this is the answer, and gives up only long after it should have been. */
async function until(expected: string, ask: () => Promise<string>): Promise<string> {
  let answer = await ask()
  for (let tries = 0; answer !== expected && tries < 400; tries++) {
    await delay(50)
    answer = await ask()
  }
  return answer
}

t.test('a service that serves says so, and that it is ready', async (t) => {
  const app = await startApp(t)
  const health = await app.send('GET', '/health')
  t.equal(outcome(health), '200')
  t.strictSame(health.json(), { status: 'ok' })
  const answer = await ready(app)
  t.equal(outcome(answer), '200')
  t.strictSame(answer.json(), {
    status: 'ok',
    checks: { database: 'ok', migrations: 'ok', administrator: 'ok', revocations: 'ok' }
  })
})

/** It is not ready, names the check, and tells when to ask again; meanwhile it serves. */
async function failsAt(t: Test, app: TestApp, check: string) {
  const answer = await ready(app)
  t.equal(outcome(answer), '503 unavailable')
  t.equal(answer.json().detail, `The check "${check}" fails.`)
  t.match(answer.headers['retry-after'], /^[1-9]\d*$/)
  t.equal(outcome(await app.send('GET', '/health')), '200')
}

t.test('without its database it is not ready', async (t) => {
  const app = await startApp(t)
  await app.app.database.close()
  await failsAt(t, app, 'database')
})

t.test('with a schema that is not current it is not ready', async (t) => {
  const app = await startApp(t)
  await app.app.database.run(sql`delete from drizzle.__drizzle_migrations`)
  await failsAt(t, app, 'migrations')
})

t.test('without the administrator that was to be made it is not ready', async (t) => {
  const app = await startApp(t)
  await app.app.database.run(sql`update users set disabled_at = clock_timestamp()`)
  await failsAt(t, app, 'administrator')
  await app.app.database.run(sql`update users set disabled_at = null`)
  t.equal(outcome(await ready(app)), '200')
})

t.test('while it cannot be confirmed what has been revoked, nobody is let in', async (t) => {
  const app = await startApp(t, { REVOCATION_MAX_STALENESS: '1s' })
  const { accessToken } = await signInAdmin(app)
  t.equal(await until('200', () => knock(app, accessToken)), '200')

  await app.app.database.run(sql`alter table revocations rename to revocations_elsewhere`)
  t.equal(await until('503 revocation_unavailable', () => knock(app, accessToken)), '503 revocation_unavailable')
  for (const path of ['/api/v1/users/me', '/api/v1/auth/session', '/api/v1/users', '/api/v1/audit']) {
    const answer = await app.send('GET', path, { token: accessToken })
    t.equal(outcome(answer), '503 revocation_unavailable', path)
    t.match(answer.headers['retry-after'], /^[1-9]\d*$/, path)
  }
  await failsAt(t, app, 'revocations')
  t.equal(outcome(await app.send('GET', '/api/v1/auth/session')), '200', 'who shows no credential is nobody still')

  await app.app.database.run(sql`alter table revocations_elsewhere rename to revocations`)
  t.equal(await until('200', () => knock(app, accessToken)), '200', 'and it heals by itself')
  t.equal(await until('200', async () => outcome(await ready(app))), '200')
})

/** The address that the audit trail has for a sign-in that says to come through a proxy. */
async function addressOf(app: TestApp, forwarded: string, remoteAddress: string) {
  const headers = { 'x-forwarded-for': forwarded }
  const answer = await login(app, ADMIN_EMAIL, PASSWORD, { headers, remoteAddress })
  const [event] = await events(app, answer.json().access_token, { action: 'user.signed_in', limit: '1' })
  return event?.ip
}

t.test('where a client comes from is believed only of a proxy that is trusted', async (t) => {
  const app = await startApp(t, { TRUST_PROXY: 'loopback' })
  t.equal(await addressOf(app, '198.51.100.7', '127.0.0.1'), '198.51.100.7')
  t.equal(await addressOf(app, '203.0.113.9, 198.51.100.7', '127.0.0.1'), '198.51.100.7', 'as far as it is trusted')
  t.equal(await addressOf(app, '198.51.100.7', '192.0.2.1'), '192.0.2.1')
})

t.test('by default nobody is believed', async (t) => {
  const app = await startApp(t)
  t.equal(await addressOf(app, '198.51.100.7', '127.0.0.1'), '127.0.0.1')
  const forwarded = (i: number) => ({ headers: { 'x-forwarded-for': `198.51.100.${i}` } })
  for (let i = 0; i < 10; i++) await login(app, 'nobody@example.com', PASSWORD, forwarded(i))
  t.equal(outcome(await login(app, 'nobody@example.com', PASSWORD, forwarded(99))), '429 rate_limited')
})
