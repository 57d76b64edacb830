import { sql } from 'drizzle-orm'
import t from 'tap'
import { ADMIN_EMAIL, join, OTHER_PASSWORD, PASSWORD, signIn, signInAdmin, startApp } from '../support/app.ts'
import { events, outcome, pointersOf } from '../support/reading.ts'

const ROLES = JSON.stringify({ editor: ['feed:write'], clerk: ['users:read'] })
const app = await startApp(t, { ROLES })
const { accessToken: token } = await signInAdmin(app)
const NOBODY = '01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01'

const get = (path: string, as = token) => app.send('GET', `/api/v1/users${path}`, { token: as })
const add = (body: object) => app.send('POST', '/api/v1/users', { token, body })
const patch = (id: string, body: object) => app.send('PATCH', `/api/v1/users/${id}`, { token, body })

async function list(query: Readonly<Record<string, string>>) {
  const answer = await get(`?${new URLSearchParams(query).toString()}`)
  const { items, next_cursor: next } = answer.json<{
    items: { id: string; email: string }[]
    next_cursor: string | null
  }>()
  return { emails: items.map(({ email }) => email), next }
}

t.test('an administrator adds somebody with everything, and reads it back', async (t) => {
  const made = await add({
    email: 'Ada@Example.com',
    password: PASSWORD,
    display_name: 'Ada',
    roles: ['editor', 'admin']
  })
  t.equal(outcome(made), '201')
  const { user, ...rest } = made.json()
  t.strictSame(rest, {}, 'with a password there is no reset token')
  t.strictSame(user.roles, ['admin', 'editor'])
  t.equal(made.headers.location, `/api/v1/users/${user.id}`)
  const read = await get(`/${user.id}`)
  t.strictSame(read.json(), user)
  t.strictSame(Object.keys(user), ['id', 'email', 'display_name', 'roles', 'disabled', 'created_at', 'updated_at'])
  t.equal((await signIn(app, 'ada@example.com')).id, user.id)
  t.equal(outcome(await app.send('DELETE', `/api/v1/users/${user.id}`, { token })), '204')
})

t.test('with an address alone the person has no name, no role and no password', async (t) => {
  const { user, reset_token: reset } = (await add({ email: 'bare@example.com' })).json()
  t.match(reset, /^lkp_/)
  t.strictSame([user.display_name, user.roles, user.disabled], [null, [], false])
  t.equal(outcome(await add({ email: 'BARE@example.com' })), '409 email_taken')
  const weak = await add({ email: 'weak@example.com', password: 'weak@example.com' })
  t.equal(outcome(weak), '422 weak_password')
  t.strictSame(pointersOf(weak), ['/password'])
  t.strictSame(pointersOf(await add({ email: 'no address' })), ['/email'])
})

t.test('who does not exist is not found, whatever the id looks like', async (t) => {
  const ids = [NOBODY, 'nobody', "'; drop table users; --", 'x'.repeat(90), '0', '..%2f..']
  for (const id of ids) {
    const path = `/api/v1/users/${encodeURIComponent(id)}`
    t.equal(outcome(await app.send('GET', path, { token })), '404 not_found', id)
    t.equal(outcome(await app.send('PATCH', path, { token, body: { disabled: true } })), '404 not_found', id)
    t.equal(outcome(await app.send('DELETE', path, { token })), '404 not_found', id)
    t.equal(outcome(await app.send('POST', `${path}/revoke`, { token })), '404 not_found', id)
    t.equal(outcome(await app.send('POST', `${path}/password-reset`, { token })), '404 not_found', id)
  }
})

t.test('a list is read page by page without loss or repetition, also while people join', async (t) => {
  const made: string[] = []
  for (let i = 0; i < 45; i++) {
    const email = `page-${String(i).padStart(2, '0')}@example.com`
    await add({ email })
    made.push(email)
  }
  const read: string[] = []
  const sizes: number[] = []
  let cursor: string | null = null
  do {
    const page = await list({ q: 'page-', ...(cursor !== null && { cursor }) })
    read.push(...page.emails)
    sizes.push(page.emails.length)
    cursor = page.next
    if (sizes.length === 1) await add({ email: 'page-late@example.com' })
  } while (cursor !== null)
  t.strictSame(read, [...made, 'page-late@example.com'])
  t.strictSame(sizes, [20, 20, 6])

  t.equal((await list({ q: 'page-', limit: '46' })).next, null, 'a full last page has no next one')
  t.equal((await list({ q: 'page-', limit: '100' })).emails.length, 46)
  t.equal((await list({ q: 'page-', limit: '1' })).emails.join(), made[0])
  for (const query of ['limit=0', 'limit=101', 'limit=x', 'limit=', 'cursor=x', `cursor=${NOBODY}`, 'page=2']) {
    t.equal(outcome(await get(`?${query}`)), '400 validation_failed', query)
  }
})

t.test('a list is narrowed by role and by whether people are disabled', async (t) => {
  for (const name of ['one', 'two', 'three']) await add({ email: `role-${name}@example.com`, roles: ['editor'] })
  const { user } = (await add({ email: 'role-four@example.com', roles: ['editor', 'clerk'] })).json()
  await patch(user.id, { disabled: true })
  t.equal((await list({ role: 'editor' })).emails.length, 4)
  t.strictSame((await list({ role: 'clerk' })).emails, ['role-four@example.com'])
  t.strictSame((await list({ role: 'editor', disabled: 'true' })).emails, ['role-four@example.com'])
  t.equal((await list({ role: 'editor', disabled: 'false' })).emails.length, 3)
  t.strictSame((await list({ role: 'admin' })).emails, [ADMIN_EMAIL])
  t.strictSame((await list({ role: 'unheard-of' })).emails, [])
  for (const query of ['disabled=yes', 'disabled=1', 'disabled=', 'role=', 'role=a%20b', 'q=']) {
    t.equal(outcome(await get(`?${query}`)), '400 validation_failed', query)
  }
})

t.test('people are found by the beginning of the address, in any case and to the letter', async (t) => {
  const odd = [
    '100%_sure@example.com',
    '100x_sure@example.com',
    'a_b@example.com',
    'axb@example.com',
    'Grüße@Bücher.example'
  ]
  for (const email of odd) t.equal(outcome(await add({ email })), '201', email)
  const found = async (q: string) => (await list({ q })).emails
  t.strictSame(await found('100%'), ['100%_sure@example.com'])
  t.strictSame(await found('A_B'), ['a_b@example.com'])
  t.strictSame(await found('100%_SURE@Example.com'), ['100%_sure@example.com'])
  t.strictSame(await found('grüß'), ['Grüße@Bücher.example'])
  t.strictSame(await found('GRU\u0308SSE'), [])
  t.strictSame(await found('GRU\u0308'), ['Grüße@Bücher.example'])
  t.strictSame(await found('grüße@bücher.example'), ['Grüße@Bücher.example'])
  t.strictSame(await found('grüße@xn--bcher-'), ['Grüße@Bücher.example'])
  for (const nothing of ['%', '_', '\\', '%sure', 'example', "'", '100\\%'])
    t.strictSame(await found(nothing), [], nothing)
})

t.test('whoever may read users reads them, and changes none', async (t) => {
  await add({ email: 'clerk@example.com', password: PASSWORD, roles: ['clerk'] })
  const { id, accessToken } = await signIn(app, 'clerk@example.com')
  t.equal(outcome(await get('', accessToken)), '200')
  t.equal(outcome(await get(`/${id}`, accessToken)), '200')
  const attempt = await app.send('PATCH', `/api/v1/users/${id}`, { token: accessToken, body: { roles: ['admin'] } })
  t.equal(outcome(attempt), '403 forbidden')
})

t.test(
  'a name is given, changed and taken away, and only a change moves `updated_at` and is written down',
  async (t) => {
    const ada = await join(app, 'named@example.com')
    const mine = (body: object) => app.send('PATCH', '/api/v1/users/me', { token: ada.accessToken, body })
    const { updated_at: first, created_at: created } = (await get(`/${ada.id}`)).json()
    t.equal(first, created)
    let last: unknown = first
    const steps: [() => ReturnType<typeof mine>, string | null, boolean][] = [
      [() => mine({ display_name: 'Ada' }), 'Ada', true],
      [() => mine({ display_name: 'Ada' }), 'Ada', false],
      [() => patch(ada.id, { display_name: 'Countess' }), 'Countess', true],
      [() => patch(ada.id, { roles: [], disabled: false }), 'Countess', false],
      [() => patch(ada.id, { display_name: null }), null, true],
      [() => mine({ display_name: null }), null, false],
      [() => mine({ display_name: 'ß'.repeat(100) }), 'ß'.repeat(100), true]
    ]
    for (const [step, name, changes] of steps) {
      // Two changes within a millisecond would have one time.
      await app.app.database.run(
        sql`update users set updated_at = updated_at - interval '1 second' where id = ${ada.id}`
      )
      const { updated_at: before } = (await get(`/${ada.id}`)).json()
      const answer = await step()
      t.equal(outcome(answer), '200')
      const user = answer.json()
      t.equal(user.display_name, name)
      t.equal(user.updated_at > before, changes)
      t.equal(user.created_at, created)
      t.strictSame((await get(`/${ada.id}`)).json(), user)
      last = user.updated_at
    }
    t.equal((await events(app, token, { subject: ada.id, action: 'user.renamed' })).length, 4)
    for (const display_name of ['', 'x'.repeat(101), 7]) {
      t.strictSame(pointersOf(await mine({ display_name })), ['/display_name'])
    }
    t.equal(outcome(await mine({})), '400 validation_failed')
    t.equal(outcome(await patch(ada.id, {})), '400 validation_failed')
    t.equal(outcome(await patch(ada.id, { email: 'other@example.com' })), '400 validation_failed')
    t.equal(outcome(await patch(ada.id, { password: OTHER_PASSWORD })), '400 validation_failed')
    t.equal((await get(`/${ada.id}`)).json().updated_at, last)
  }
)
