import t from 'tap'
import { ADMIN_EMAIL, join, PASSWORD, signIn, signInAdmin, startApp, type TestApp } from '../support/app.ts'
import { claimsOf, knock, login, outcome, pointersOf, refresh, sessionOf } from '../support/reading.ts'

const ROLES = JSON.stringify({ editor: ['feed:read', 'feed:write'], reader: ['users:read'] })
const app = await startApp(t, { ROLES })
const root = await signInAdmin(app)
const OVER = '401 invalid_refresh_token'

const patch = (id: string, body: object, token = root.accessToken, over = app) =>
  over.send('PATCH', `/api/v1/users/${id}`, { token, body })
const remove = (id: string, token = root.accessToken, over = app) =>
  over.send('DELETE', `/api/v1/users/${id}`, { token })

t.test('a change of roles is in force at once, and costs nobody the session', async (t) => {
  const ada = await join(app, 'ada@example.com')
  const list = async (token: string) => outcome(await app.send('GET', '/api/v1/users', { token }))
  t.equal(await list(ada.accessToken), '403 forbidden')

  t.strictSame((await patch(ada.id, { roles: ['reader', 'editor'] })).json().roles, ['editor', 'reader'])
  const answer = await app.send('GET', '/api/v1/users', { token: ada.accessToken })
  t.equal(outcome(answer), '401 token_stale')
  t.match(answer.headers['www-authenticate'], /error="invalid_token"/)

  const renewed = (await refresh(app, ada.refreshToken)).json()
  const { scope, roles, ver } = claimsOf(renewed.access_token)
  t.strictSame({ scope, roles, ver }, { scope: 'feed:read feed:write users:read', roles: ['editor', 'reader'], ver: 2 })
  t.equal(sessionOf(renewed.access_token), sessionOf(ada.accessToken))
  t.equal(await list(renewed.access_token), '200')

  await patch(ada.id, { roles: [] })
  t.equal(await list(renewed.access_token), '401 token_stale', 'what is taken away is gone at once')
  const last = (await refresh(app, renewed.refresh_token)).json().access_token
  t.equal(await list(last), '403 forbidden')
  t.notOk('scope' in claimsOf(last))
  t.equal(await knock(app, ada.accessToken), '401 token_stale', 'and the oldest token does not come back')
})

t.test('the same roles in another order are no change, nor is another name', async (t) => {
  const { id, accessToken } = await join(app, 'order@example.com')
  await patch(id, { roles: ['reader', 'editor'] })
  t.equal(await knock(app, accessToken), '401 token_stale')
  const { accessToken: token } = await signIn(app, 'order@example.com')
  for (const change of [{ roles: ['editor', 'reader'] }, { disabled: false }, { display_name: 'Order' }]) {
    t.equal(outcome(await patch(id, change)), '200')
    t.equal(await knock(app, token), '200')
  }
})

t.test('a role that is not defined, or is named twice, is refused and nothing changes', async (t) => {
  const { id, accessToken } = await join(app, 'undefined@example.com')
  const refused: [string[], string[]][] = [
    [['writer'], ['/roles/0']],
    [
      ['editor', 'writer', 'Editor'],
      ['/roles/1', '/roles/2']
    ],
    [['editor', 'editor'], ['/roles']],
    [['constructor'], ['/roles/0']],
    [['__proto__'], ['/roles/0']]
  ]
  for (const [roles, pointers] of refused) {
    const answer = await patch(id, { roles })
    t.equal(outcome(answer), '400 validation_failed', roles.join())
    t.strictSame(pointersOf(answer), pointers, roles.join())
    const body = { email: 'never@example.com', roles }
    t.equal(
      outcome(await app.send('POST', '/api/v1/users', { token: root.accessToken, body })),
      '400 validation_failed'
    )
  }
  t.equal(await knock(app, accessToken), '200')
})

t.test('disabling ends everything at once, and enabling again revives nothing', async (t) => {
  const ada = await join(app, 'disabled@example.com')
  t.equal((await patch(ada.id, { disabled: true })).json().disabled, true)
  t.equal(await knock(app, ada.accessToken), '401 token_revoked')
  t.equal(outcome(await refresh(app, ada.refreshToken)), OVER)
  t.equal(outcome(await login(app, 'disabled@example.com', PASSWORD)), '403 account_disabled')

  t.equal((await patch(ada.id, { disabled: false })).json().disabled, false)
  t.equal(await knock(app, ada.accessToken), '401 token_revoked')
  t.equal(outcome(await refresh(app, ada.refreshToken)), OVER)
  const again = await signIn(app, 'disabled@example.com')
  t.equal(await knock(app, again.accessToken), '200')
})

t.test('of a user who is removed nothing is left that works', async (t) => {
  const ada = await join(app, 'removed@example.com')
  t.equal(outcome(await remove(ada.id)), '204')
  t.equal(await knock(app, ada.accessToken), '401 token_revoked')
  t.equal(outcome(await refresh(app, ada.refreshToken)), OVER)
  t.equal(outcome(await login(app, 'removed@example.com', PASSWORD)), '401 invalid_credentials')
  t.equal(outcome(await remove(ada.id)), '404 not_found')
  const next = await join(app, 'removed@example.com')
  t.not(next.id, ada.id, 'and whoever takes the address is somebody else')
  t.equal(await knock(app, ada.accessToken), '401 token_revoked')
})

t.test('an administrator signs a user out everywhere, and the user may come back', async (t) => {
  const first = await join(app, 'revoked@example.com')
  const second = await signIn(app, 'revoked@example.com')
  const revoke = await app.send('POST', `/api/v1/users/${first.id}/revoke`, { token: root.accessToken })
  t.equal(outcome(revoke), '204')
  for (const { accessToken, refreshToken } of [first, second]) {
    t.equal(await knock(app, accessToken), '401 token_revoked')
    t.equal(outcome(await refresh(app, refreshToken)), OVER)
  }
  t.equal(await knock(app, (await signIn(app, 'revoked@example.com')).accessToken), '200')
})

t.test('after revocation a change of roles does not make the old tokens merely stale', async (t) => {
  const ada = await join(app, 'both@example.com')
  await app.send('POST', `/api/v1/users/${ada.id}/revoke`, { token: root.accessToken })
  await patch(ada.id, { roles: ['editor'] })
  t.equal(await knock(app, ada.accessToken), '401 token_revoked')
})

/** Every way in which the administrator might go. */
const departures = (over: TestApp, id: string, token: string) => [
  patch(id, { roles: [] }, token, over),
  patch(id, { roles: ['editor'] }, token, over),
  patch(id, { disabled: true }, token, over),
  remove(id, token, over),
  over.send('DELETE', '/api/v1/users/me', { token, body: { password: PASSWORD } })
]

t.test('the last administrator stays, whatever is tried', async (t) => {
  const alone = await startApp(t, { ROLES })
  const { id, accessToken: token } = await signInAdmin(alone)
  const stays = async (why: string) => {
    for (const departure of departures(alone, id, token)) t.equal(outcome(await departure), '409 last_admin', why)
    t.equal(await knock(alone, token), '200', why)
  }
  await stays('alone')
  t.equal(outcome(await patch(id, { roles: ['admin', 'editor'] }, token, alone)), '200')
  const { accessToken: renewed } = await signInAdmin(alone)
  t.equal(outcome(await patch(id, { roles: ['admin'] }, renewed, alone)), '200', 'another role may come and go')
})

t.test('administrators who are disabled do not count', async (t) => {
  const two = await startApp(t, { ROLES })
  const { id, accessToken: token } = await signInAdmin(two)
  const body = { email: 'second@example.com', password: PASSWORD, roles: ['admin'] }
  const { id: second } = (await two.send('POST', '/api/v1/users', { token, body })).json().user
  t.equal(outcome(await patch(second, { disabled: true }, token, two)), '200')
  for (const departure of departures(two, id, token)) t.equal(outcome(await departure), '409 last_admin')
  t.equal(outcome(await remove(second, token, two)), '204', 'and may be removed')

  const { id: third } = (await two.send('POST', '/api/v1/users', { token, body })).json().user
  const own = await signIn(two, 'second@example.com')
  t.equal(outcome(await remove(id, own.accessToken, two)), '204', 'with another one the first may go')
  t.equal(await knock(two, token), '401 token_revoked')
  t.equal(outcome(await login(two, ADMIN_EMAIL, PASSWORD)), '401 invalid_credentials')
  t.equal(outcome(await remove(third, own.accessToken, two)), '409 last_admin')
})
