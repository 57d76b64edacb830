import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { startApp } from './support/app.ts'
import { newAdmin } from './support/callers.ts'
import { driveClients } from './support/canary-clients.ts'
import { createCanary, driveLives, driveStrays, type Method } from './support/canary.ts'
import { GRANT, oauthOutcome, type Fields } from './support/clients.ts'
import { outcome } from './support/reading.ts'

t.setTimeout(240_000)
let log = ''
const app = await startApp(t, { LOG_LEVEL: 'trace' }, { write: (line) => void (log += line) })
const canary = await createCanary(app)
const { secrets, personal, drive, token, email, password } = canary
const LATE = personal.add('canary.late@example.com')
secrets.add('lkp_canary-reset-token')
secrets.add('canary password that never was')
/** How a client says who it is, once there is one. */
let credentials: Fields = {}
const run = (statement: string) => app.app.database.run(sql.raw(statement))

t.test('no answer holds a secret that it does not hand out, wherever the secret was', async (t) => {
  await t.resolves(driveLives(app, canary), 'where secrets belong')
  credentials = await driveClients(canary)
  await t.resolves(driveStrays(app, canary), 'where they do not, on every route')
})

t.test('the log has lines of every route, and nothing of what a person sent', (t) => {
  for (const { method, url } of app.app.accessTable) {
    t.ok(log.includes(`"method":"${method}","route":"${url}"`), `${method} ${url} was logged`)
  }
  t.strictSame(secrets.foundIn(log), [])
  t.strictSame(personal.foundIn(log), [])
  t.end()
})

t.test('a secret that somebody logs on purpose is found, so that the search is one', (t) => {
  const before = log
  for (const form of [
    (text: string) => text,
    encodeURIComponent,
    (text: string) => Buffer.from(`a:${text}`).toString('base64'),
    (text: string) => Buffer.from(text).toString('hex'),
    (text: string) => text.slice(0, 60)
  ]) {
    log = ''
    const planted = secrets.add(`canary that was planted ${'and is as long as a token, '.repeat(4)}`)
    app.app.log.info({ planted: form(planted) }, 'on purpose')
    t.strictSame(secrets.foundIn(log), [planted])
  }
  log = ''
  app.app.log.info({ password, headers: { authorization: `Bearer ${token}` } }, 'on purpose')
  t.match(log, /on purpose/)
  t.strictSame(secrets.foundIn(log), [], 'members that hold credentials are redacted, whoever logs them')
  log = before
  t.end()
})

t.test('the audit trail tells all that happened, and no secret', async (t) => {
  let pages = 0
  const actions = new Set<string>()
  for (let cursor: string | null = ''; cursor !== null; pages++) {
    const query: string = cursor === '' ? 'limit=10' : `limit=10&cursor=${cursor}`
    const answer = await drive('GET', `/api/v1/audit?${query}`, { token })
    const page = answer.json<{ items: { action: string }[]; next_cursor: string | null }>()
    t.strictSame([...secrets.foundIn(answer.body), ...personal.foundIn(answer.body)], [])
    for (const { action } of page.items) actions.add(action)
    cursor = page.next_cursor
  }
  t.ok(pages > 2, 'there were pages')
  for (const action of [
    'sign_in_failed',
    'signed_in',
    'signed_out',
    'password_changed',
    'password_reset_opened',
    'deleted'
  ]) {
    t.ok(actions.has(`user.${action}`), action)
  }
  for (const action of ['session.theft_assumed', 'client.created', 'client.authentication_failed', 'token.revoked']) {
    t.ok(actions.has(action), action)
  }
})

t.test('no table holds a secret in plain, whatever tables there are', async (t) => {
  const tables = await run(
    `select table_name::text as name from information_schema.tables where table_schema = 'public'`
  )
  const dump = async (name: unknown) => {
    const rows = await run(`select to_jsonb(x)::text as row from "${String(name)}" x`)
    return rows.map(({ row }) => String(row)).join('\n')
  }
  t.ok(tables.length >= 8)
  for (const { name } of tables) {
    const rows = await dump(name)
    t.not(rows, '', `there is something in ${String(name)}`)
    t.strictSame(secrets.foundIn(rows), [], String(name))
  }
  t.strictSame(
    personal.foundIn(await dump('users')),
    ['canary.person@example.com', 'Canary Personal Name'],
    'the search finds'
  )
  const bytes = Buffer.from(secrets.add('canary that was planted as bytes')).toString('hex')
  await run(`update keys set sealed = sealed || decode('${bytes}', 'hex')`)
  t.strictSame(secrets.foundIn(await dump('keys')), ['canary that was planted as bytes'], 'bytes, too')
})

/** A token for each route, by the time that none can be had any more: some sign out whoever asks. */
async function tokens(): Promise<ReadonlyMap<string, string>> {
  const made = new Map<string, string>()
  for (const { method, url } of app.app.accessTable) {
    made.set(`${method} ${url}`, secrets.add((await newAdmin(app)).accessToken))
  }
  return made
}

/** Asks every route something that it would do, and says what became of it. */
async function askAll(t: Test, held: ReadonlyMap<string, string>) {
  const bodies: Readonly<Record<string, object>> = {
    'POST /api/v1/auth/register': { email: LATE, password },
    'POST /api/v1/auth/login': { email, password },
    'POST /api/v1/auth/password': { current_password: password, new_password: 'canary password that never was' },
    'POST /api/v1/auth/password/reset': { token: 'lkp_canary-reset-token', new_password: password },
    'POST /api/v1/users': { email: LATE, password },
    'PATCH /api/v1/users/:id': { display_name: 'Canary Personal Name' },
    'PATCH /api/v1/users/me': { display_name: 'Canary Personal Name' },
    'DELETE /api/v1/users/me': { password },
    'PATCH /api/v1/clients/:id': { name: 'canary III' }
  }
  const outcomes = new Map<string, string>()
  for (const { method, url } of app.app.accessTable) {
    const name = `${method} ${url}`
    const path = url.replace(':id', '01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01').replace('*', 'swagger-ui.css')
    // A bearer token beside it would be a second authentication.
    const asClient = name.startsWith('POST /oauth2/') && { form: { ...credentials, ...GRANT, token: 'unknown' } }
    const answer = await drive(method as Method, path, {
      ...(asClient || { token: held.get(name) }),
      ...(bodies[name] && { body: bodies[name] })
    })
    outcomes.set(name, url.startsWith('/oauth2/') ? oauthOutcome(answer) : outcome(answer))
    if (answer.statusCode === 503)
      t.match(answer.headers['retry-after'], /^[1-9]\d*$/, `${name} says when to try again`)
    if (answer.statusCode >= 500) t.notMatch(answer.body, /column|renamed|display_name|relation|ECONN|closed|select/i)
  }
  return outcomes
}
/** What asks the database for a person. */
const ASKING = /^\w+ \/api\/v1\/(?:users|clients\/:id$|auth\/(?:register|login|logout-all|password|session))/

t.test('where the service cannot do what it is asked', async (t) => {
  const [duringFault, duringOutage] = [await tokens(), await tokens()]

  await t.test('the row that a constraint refuses, which the database tells in full, is not logged', async (t) => {
    await run(`alter table users add constraint made_to_fail check (email <> '${LATE}')`)
    log = ''
    const answer = await drive('POST', '/api/v1/auth/register', { body: { email: LATE, password } })
    t.equal(outcome(answer), '500 internal_error')
    t.match(log, /"code":"23514".*made_to_fail/, 'the log says what it was')
    t.strictSame([...secrets.foundIn(log), ...personal.foundIn(log)], [])
    t.notMatch(log, /argon2/, 'nor the hash of the password')
  })

  await t.test('a fault of ours says nothing to the client, and nothing secret to the log', async (t) => {
    await run('alter table users rename column display_name to renamed')
    log = ''
    const outcomes = await askAll(t, duringFault)
    for (const [name, result] of outcomes) t.match(result, /^(?:[234]\d\d|500 (?:internal_error|server_error))/, name)
    t.equal(outcomes.get('POST /api/v1/auth/login'), '500 internal_error')
    t.match(log, /display_name.* does not exist/, 'the log says what it was')
    t.strictSame([...secrets.foundIn(log), ...personal.foundIn(log)], [])
  })

  await t.test('an outage is 503 with the time to wait, and says nothing secret to the log', async (t) => {
    await app.app.database.close()
    log = ''
    for (const [name, result] of await askAll(t, duringOutage)) {
      if (ASKING.test(name)) t.equal(result, '503 unavailable', name)
      else if (name.startsWith('POST /oauth2/')) t.equal(result, '503 temporarily_unavailable', name)
      else t.match(result, /^(?:[234]\d\d|503 unavailable)/, name)
    }
    t.match(log, /"status":503/)
    t.strictSame([...secrets.foundIn(log), ...personal.foundIn(log)], [])
  })
})
