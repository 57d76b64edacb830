import { Writable } from 'node:stream'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { join, startApp, type Sent } from './support/app.ts'
import { newAdmin } from './support/callers.ts'

t.setTimeout(120_000)
let log = ''
const destination = new Writable({
  write(chunk: Buffer, _encoding, done) {
    log += chunk.toString()
    done()
  }
})
const app = await startApp(t, { LOG_LEVEL: 'trace', RATE_LIMIT: 'off' }, destination)

/** Everything that must not be found again. Passwords, and whatever the service hands out, are added as they come up. */
const secrets = new Set<string>()
const secret = (text: string): string => {
  secrets.add(text)
  return text
}
const PASSWORD = secret('canary password of theirs')
const NEXT = secret('canary password that follows')
const WRONG = secret('canary password that is wrong')
const WEAK = secret('canary-weak')

/** Where any form of any secret stands in a text. */
function found(text: string): string[] {
  return [...secrets].filter((one) =>
    [
      one,
      encodeURIComponent(one),
      Buffer.from(one).toString('base64'),
      Buffer.from(one).toString('base64url'),
      Buffer.from(one).toString('hex')
    ].some((form) => text.includes(form))
  )
}

/** Sends it, and remembers what it was given; a refusal must repeat nothing. */
async function drive(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, sent: Sent = {}) {
  const answer = await app.send(method, url, sent)
  if (answer.statusCode >= 400) {
    const leaked = found(answer.body + JSON.stringify(answer.headers))
    if (leaked.length > 0) throw new Error(`${method} ${url.slice(0, 30)} repeats ${leaked.join()}`)
  }
  for (const { value } of answer.cookies) if (value !== '') secret(value)
  const body =
    answer.headers['content-type']?.toString().includes('json') === true ? answer.json<Record<string, unknown>>() : {}
  for (const name of ['access_token', 'refresh_token', 'reset_token']) {
    const value = body[name]
    if (typeof value === 'string') secret(value)
  }
  return { answer, body }
}

const AUTH = '/api/v1/auth'
const admin = await newAdmin(app)
secret(admin.accessToken)
secret(admin.refreshToken)
const token = admin.accessToken

t.test('every route, with secrets in every place', async (t) => {
  const email = 'canary@example.com'
  await drive('POST', `${AUTH}/register`, { body: { email, password: WEAK } })
  await drive('POST', `${AUTH}/register`, { body: { email, password: PASSWORD } })
  await drive('POST', `${AUTH}/register`, { body: { email, password: PASSWORD } })
  await drive('POST', `${AUTH}/login`, { body: { email, password: WRONG } })
  await drive('POST', `${AUTH}/login`, { body: { email: `${WRONG.replaceAll(' ', '')}@x.example`, password: WRONG } })
  const { body: cookie } = await drive('POST', `${AUTH}/login`, { body: { email, password: PASSWORD } })
  const { body: signedIn } = await drive('POST', `${AUTH}/login`, {
    body: { email, password: PASSWORD, delivery: 'body' }
  })
  const access = String(signedIn['access_token'])
  await drive('GET', `${AUTH}/session`, { token: access })
  await drive('GET', `${AUTH}/session`, { token: String(cookie['access_token']) })
  await drive('POST', `${AUTH}/refresh`, { body: { refresh_token: signedIn['refresh_token'] } })
  await drive('POST', `${AUTH}/refresh`, { body: { refresh_token: WRONG } })
  await drive('POST', `${AUTH}/refresh`, { cookies: { '__Host-latchkey_refresh': secret('canary-cookie-value') } })
  await drive('POST', `${AUTH}/password`, { token: access, body: { current_password: WRONG, new_password: NEXT } })
  await drive('POST', `${AUTH}/password`, { token: access, body: { current_password: PASSWORD, new_password: WEAK } })
  await drive('POST', `${AUTH}/password`, { token: access, body: { current_password: PASSWORD, new_password: NEXT } })
  await drive('GET', '/api/v1/users/me', { token: access })
  await drive('POST', `${AUTH}/logout-all`, { token: access })

  const { id } = await join(app, 'somebody@example.com')
  const { body: reset } = await drive('POST', `/api/v1/users/${id}/password-reset`, { token })
  await drive('POST', `${AUTH}/password/reset`, { body: { token: secret('lkp_canary'), new_password: NEXT } })
  await drive('POST', `${AUTH}/password/reset`, { body: { token: reset['reset_token'], new_password: NEXT } })
  await drive('POST', '/api/v1/users', { token, body: { email: 'made@example.com', password: PASSWORD } })
  await drive('POST', '/api/v1/users', { token, body: { email: 'invited@example.com' } })
  await drive('GET', '/api/v1/users', { token })
  await drive('GET', `/api/v1/users/${id}`, { token })
  await drive('PATCH', `/api/v1/users/${id}`, { token, body: { display_name: 'Some Body', roles: [] } })
  await drive('POST', `/api/v1/users/${id}/revoke`, { token })
  await drive('DELETE', `/api/v1/users/${id}`, { token })
  await drive('GET', '/api/v1/audit', { token })
  for (const path of ['/health', '/health/ready', '/openapi.json', '/docs', '/docs/json', '/docs/yaml'])
    await drive('GET', path)
  for (const file of [
    'index.html',
    'swagger-initializer.js',
    'swagger-ui.css',
    'theme/latchkey.css',
    'theme/favicon.svg'
  ]) {
    await drive('GET', `/docs/static/${file}`)
  }
  const person = await join(app, 'leaving@example.com', PASSWORD)
  secret(person.accessToken)
  await drive('PATCH', '/api/v1/users/me', { token: person.accessToken, body: { display_name: 'Me' } })
  await drive('DELETE', '/api/v1/users/me', { token: person.accessToken, body: { password: WRONG } })
  await drive('POST', `${AUTH}/logout`, { token: person.accessToken, body: { refresh_token: person.refreshToken } })
  const other = await join(app, 'leaving-too@example.com', PASSWORD)
  await drive('DELETE', '/api/v1/users/me', { token: other.accessToken, body: { password: PASSWORD } })

  // In places where they do not belong.
  const stray = secret('canary-in-a-stray-place')
  await drive('GET', `/api/v1/users/me?access_token=${stray}`)
  await drive('GET', `/${stray}`)
  await drive('GET', `/api/v1/users/${stray}`, { token })
  await drive('GET', `/api/v1/users?q=${stray}&limit=${stray}`, { token })
  await drive('POST', `${AUTH}/login`, { body: { email: stray, password: [stray], unknown: stray } })
  await drive('GET', '/api/v1/users/me', {
    headers: { authorization: `Basic ${Buffer.from(`a:${stray}`).toString('base64')}` }
  })
  await drive('GET', '/api/v1/users/me', {
    headers: { authorization: `Bearer ${stray}`, 'x-api-key': stray, cookie: `a=${stray}` }
  })
  const broken = {
    method: 'POST',
    url: `${AUTH}/login`,
    headers: { 'content-type': 'application/json' },
    payload: `{"password":"${stray}`
  } as const
  t.strictSame(found((await app.app.inject(broken)).body), [])
})

t.test('the log has lines of every route, and no secret', (t) => {
  for (const { method, url } of app.app.accessTable) {
    const seen = log.split('\n').some((line) => line.includes(`"method":"${method}","route":"${url}"`))
    t.ok(seen, `${method} ${url}`)
  }
  app.app.log.info({ planted: secret('canary that was planted') }, 'on purpose')
  t.strictSame(found(log), ['canary that was planted'], 'what is in the log is found, and it is all that is')
  app.app.log.info(
    { password: secret('canary in a password member'), headers: { authorization: secret('canary in a header') } },
    'redacted'
  )
  t.strictSame(found(log), ['canary that was planted'], 'members that hold credentials are redacted, whoever logs them')
  t.end()
})

t.test('neither the audit trail nor any table holds a secret in plain', async (t) => {
  const tables = [
    'users',
    'sessions',
    'denied_tokens',
    'revocations',
    'keys',
    'reset_tokens',
    'throttles',
    'audit_events'
  ]
  let rows = 0
  for (const table of tables) {
    const dump = await app.app.database.run(sql`select to_jsonb(x)::text as row from ${sql.identifier(table)} x`)
    rows += dump.length
    for (const { row } of dump) t.strictSame(found(String(row)), [], table)
  }
  t.ok(rows > 30, 'there was something to look at')
})

t.test('a fault of ours and an outage say nothing to the client, and nothing secret to the log', async (t) => {
  await app.app.database.run(sql`alter table users rename column display_name to renamed`)
  const { answer: fault } = await drive('POST', `${AUTH}/login`, {
    body: { email: 'canary@example.com', password: NEXT }
  })
  t.equal(fault.statusCode, 500)
  t.strictSame(Object.keys(fault.json()).sort(), ['code', 'detail', 'request_id', 'status', 'title', 'type'])
  t.notMatch(fault.body, /column|renamed|display_name/)
  t.ok(log.includes('display_name does not exist'), 'the log says what it was')
  await app.app.database.close()
  const { answer: outage } = await drive('POST', `${AUTH}/login`, {
    body: { email: 'canary@example.com', password: NEXT }
  })
  t.strictSame([outage.statusCode, outage.json<{ code: string }>().code], [503, 'unavailable'])
  t.match(outage.headers['retry-after'], /^[1-9]\d*$/)
  t.strictSame(found(log), ['canary that was planted'])
})
