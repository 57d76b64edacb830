import { sql } from 'drizzle-orm'
import t from 'tap'
import { join, OTHER_PASSWORD, PASSWORD, signIn, signInAdmin, startApp } from '../support/app.ts'
import { actionsOf, events, login, outcome, pointersOf, refresh, sessionOf } from '../support/reading.ts'

const app = await startApp(t, { ROLES: '{"editor":["feed:write"]}' })
const { id: adminId, accessToken: token } = await signInAdmin(app)

const eventsOf = (subject: string) => events(app, token, { subject, limit: '100' })
const send = (method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object, as = token) =>
  app.send(method, `/api/v1${path}`, { token: as, ...(body !== undefined && { body }) })

t.test('each change writes one event, under the name of what has happened', async (t) => {
  const { id, accessToken, refreshToken } = await join(app, 'ada@example.com')
  let seen = actionsOf(await eventsOf(id)).length
  t.strictSame(actionsOf(await eventsOf(id)), ['user.signed_in', 'user.registered'])

  const writes = async (what: () => Promise<unknown>, ...expected: string[]) => {
    await what()
    const now = actionsOf(await eventsOf(id))
    t.strictSame(now.slice(0, now.length - seen), expected)
    seen = now.length
  }
  const patch = (body: object) => send('PATCH', `/users/${id}`, body)
  await writes(() => refresh(app, refreshToken), 'session.refreshed')
  await writes(() => refresh(app, refreshToken))
  await writes(() => login(app, 'ada@example.com', OTHER_PASSWORD), 'user.sign_in_failed')
  await writes(() => send('PATCH', '/users/me', { display_name: 'Ada' }, accessToken), 'user.renamed')
  await writes(() => send('PATCH', '/users/me', { display_name: 'Ada' }, accessToken))
  await writes(() => send('POST', '/auth/logout', undefined, accessToken), 'user.signed_out')
  await writes(() => send('POST', '/auth/logout', undefined, accessToken))
  await writes(() => patch({ roles: ['admin'] }), 'user.roles_changed')
  await writes(() => patch({ roles: ['admin'] }))
  await writes(() => send('POST', `/users/${id}/revoke`), 'user.revoked')
  await writes(() => send('POST', `/users/${id}/password-reset`), 'user.password_reset_opened')
  const second = await signIn(app, 'ada@example.com')
  seen++
  const change = { current_password: PASSWORD, new_password: OTHER_PASSWORD }
  await writes(() => send('POST', '/auth/password', change, second.accessToken), 'user.password_changed')
  const third = await signIn(app, 'ada@example.com', OTHER_PASSWORD)
  seen++
  await writes(() => send('POST', '/auth/logout-all', undefined, third.accessToken), 'user.signed_out_everywhere')
  await writes(() => patch({ disabled: true }), 'user.disabled')
  await writes(() => patch({ disabled: true }))
  await writes(() => patch({ disabled: false }), 'user.enabled')
  await writes(() => send('DELETE', `/users/${id}`), 'user.deleted')
  await writes(() => send('DELETE', `/users/${id}`))
})

t.test('an event says who did what to whom, from where, in which request', async (t) => {
  const { id } = await join(app, 'who@example.com')
  const headers = { 'x-request-id': 'request-4711' }
  await app.send('PATCH', `/api/v1/users/${id}`, {
    token,
    headers,
    remoteAddress: '192.0.2.7',
    body: { roles: ['editor'] }
  })
  const [event] = await eventsOf(id)
  const { id: eventId, at, ...rest } = event ?? { id: '', at: '' }
  t.match(eventId, /^[0-9a-f-]{36}$/)
  t.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.strictSame(rest, {
    action: 'user.roles_changed',
    actor: adminId,
    subject: id,
    outcome: 'success',
    ip: '192.0.2.7',
    request_id: 'request-4711',
    detail: { from: [], to: ['editor'] }
  })
})

t.test('what people do to themselves has them as the actor, and a stranger has no name', async (t) => {
  const { id, accessToken, refreshToken } = await join(app, 'self@example.com')
  await refresh(app, refreshToken)
  await login(app, 'self@example.com', OTHER_PASSWORD)
  const found = await eventsOf(id)
  t.strictSame(
    found.map(({ action, actor, outcome }) => [action, actor, outcome]),
    [
      ['user.sign_in_failed', null, 'failure'],
      ['session.refreshed', id, 'success'],
      ['user.signed_in', id, 'success'],
      ['user.registered', id, 'success']
    ]
  )
  t.strictSame(found[2]?.detail, { session: sessionOf(accessToken), delivery: 'body' })
})

t.test('a failed sign-in does not write down what was typed', async (t) => {
  await join(app, 'typed@example.com')
  await login(app, 'typed-the.Password-here@example.com', 'secret-typed-as-password')
  await login(app, 'TYPED@example.com', 'secret-typed-as-password')
  const found = await events(app, token, { action: 'user.sign_in_failed', limit: '2' })
  t.strictSame(
    found.map(({ detail }) => detail),
    [{ reason: 'wrong_password' }, { reason: 'unknown_account' }]
  )
  const [row] = await app.app.database.run(sql`select string_agg(e::text, ' ') as text from audit_events e`)
  t.notMatch(String(row?.['text']), /typed-the|typed-as|@/i, 'no event has an address or a password')
})

t.test('a refused change writes nothing', async (t) => {
  const { id } = await join(app, 'refused@example.com')
  const before = await events(app, token, { limit: '1' })
  const answers = [
    await send('PATCH', `/users/${id}`, { roles: ['unheard-of'] }),
    await send('PATCH', `/users/${adminId}`, { roles: [] }),
    await send('DELETE', `/users/${adminId}`),
    await send('POST', '/users', { email: 'refused@example.com' }),
    await refresh(app, 'nonsense')
  ]
  t.strictSame(
    answers.map((answer) => answer.statusCode),
    [400, 409, 409, 409, 401]
  )
  t.strictSame(await events(app, token, { limit: '1' }), before)
})

t.test('the trail is read newest first, page by page, without loss or repetition', async (t) => {
  const { id } = await join(app, 'paged@example.com')
  for (let i = 0; i < 10; i++) await send('PATCH', `/users/${id}`, { display_name: `Name ${i}` })
  const whole = await eventsOf(id)
  t.equal(whole.length, 12)
  const times = whole.map(({ at }) => at)
  t.strictSame(times, [...times].sort().reverse())

  const read: string[] = []
  let cursor: string | null = null
  do {
    const query = new URLSearchParams({ subject: id, limit: '5', ...(cursor !== null && { cursor }) })
    const answer = await app.send('GET', `/api/v1/audit?${query.toString()}`, { token })
    const page = answer.json<{ items: { id: string }[]; next_cursor: string | null }>()
    read.push(...page.items.map((event) => event.id))
    cursor = page.next_cursor
    await send('PATCH', `/users/${id}`, { display_name: `Meanwhile ${read.length}` })
  } while (cursor !== null)
  t.strictSame(
    read,
    whole.map((event) => event.id)
  )
})

t.test('it is narrowed by subject, action and time', async (t) => {
  const { id } = await join(app, 'narrowed@example.com')
  await send('PATCH', `/users/${id}`, { display_name: 'One' })
  await app.app.database.run(sql`
    update audit_events set at = '2020-01-02T03:04:05.678Z' where subject = ${id} and action = 'user.registered'`)
  const actions = async (query: Record<string, string>) => actionsOf(await events(app, token, query))
  t.strictSame(await actions({ subject: id, action: 'user.signed_in' }), ['user.signed_in'])
  t.strictSame(await actions({ subject: id, since: '2020-01-02T03:04:05.679Z' }), ['user.renamed', 'user.signed_in'])
  const whole = ['user.renamed', 'user.signed_in', 'user.registered']
  t.strictSame(await actions({ subject: id, since: '2020-01-02T03:04:05.678Z' }), whole)
  t.strictSame(await actions({ subject: id, since: '2020-01-02T04:04:05.678+01:00' }), whole, 'in any offset')
  t.strictSame(await actions({ subject: id, since: '2999-01-01T00:00:00Z' }), [])
  t.strictSame(await actions({ subject: 'nobody' }), [])
  t.strictSame(await actions({ action: 'user.%' }), [])
  const first = await events(app, token, { action: 'user.registered', limit: '100' })
  t.ok(first.length > 1 && first.every(({ action }) => action === 'user.registered'))
})

t.test('a query that is not as described is refused, and names the parameter', async (t) => {
  const refused: [string, string][] = [
    ['since=yesterday', '/since'],
    ['since=2026-02-31T00:00:00Z', '/since'],
    ['since=2026-01-01', '/since'],
    ['limit=1000', '/limit'],
    ['cursor=nonsense', '/cursor'],
    ['actor=ada', '/actor'],
    ['subject=', '/subject']
  ]
  for (const [query, pointer] of refused) {
    const answer = await app.send('GET', `/api/v1/audit?${query}`, { token })
    t.equal(outcome(answer), '400 validation_failed', query)
    t.strictSame(pointersOf(answer), [pointer], query)
  }
})
