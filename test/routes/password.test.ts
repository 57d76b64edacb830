import { sql } from 'drizzle-orm'
import t from 'tap'
import { join, OTHER_PASSWORD, PASSWORD, signIn, signInAdmin, startApp, type Sent } from '../support/app.ts'
import {
  actionsOf,
  cookieLines,
  cookieOf,
  events,
  knock,
  login,
  outcome,
  pointersOf,
  REFRESH,
  refresh,
  sessionOf
} from '../support/reading.ts'

const app = await startApp(t)
const { accessToken: admin } = await signInAdmin(app)
const OVER = '401 invalid_refresh_token'

const change = (token: string, current: string, next: string, more: Sent = {}) =>
  app.send('POST', '/api/v1/auth/password', { token, body: { current_password: current, new_password: next }, ...more })
const reset = (token: string, password: string, more: Sent = {}) =>
  app.send('POST', '/api/v1/auth/password/reset', { body: { token, new_password: password }, ...more })
const openReset = (id: string) => app.send('POST', `/api/v1/users/${id}/password-reset`, { token: admin })

t.test('changing the password gives a fresh session and ends every earlier one', async (t) => {
  const first = await join(app, 'ada@example.com')
  const second = await signIn(app, 'ada@example.com')
  const answer = await change(first.accessToken, PASSWORD, OTHER_PASSWORD)
  t.equal(outcome(answer), '200')
  t.equal(answer.headers['cache-control'], 'no-store')
  const fresh = answer.json()
  t.not(sessionOf(fresh.access_token), sessionOf(first.accessToken))
  t.equal(await knock(app, fresh.access_token), '200')
  for (const { accessToken, refreshToken } of [first, second]) {
    t.equal(await knock(app, accessToken), '401 token_revoked')
    t.equal(outcome(await refresh(app, refreshToken)), OVER)
  }
  t.equal(outcome(await refresh(app, fresh.refresh_token)), '200')
  t.equal(outcome(await login(app, 'ada@example.com', PASSWORD)), '401 invalid_credentials')
  t.equal(outcome(await login(app, 'ada@example.com', OTHER_PASSWORD)), '200')
  t.equal((await events(app, admin, { subject: first.id, action: 'user.password_changed' })).length, 1)
})

t.test('the fresh session is delivered as the one before', async (t) => {
  await join(app, 'delivery@example.com')
  const signedIn = await login(app, 'delivery@example.com', PASSWORD, {}, 'cookie')
  const cookies = { [REFRESH]: cookieOf(signedIn, REFRESH) ?? '' }
  const answer = await change(signedIn.json().access_token, PASSWORD, OTHER_PASSWORD, { cookies })
  t.notOk('refresh_token' in answer.json())
  const fresh = { [REFRESH]: cookieOf(answer, REFRESH) ?? '' }
  t.equal(outcome(await app.send('POST', '/api/v1/auth/refresh', { cookies })), OVER)
  t.equal(outcome(await app.send('POST', '/api/v1/auth/refresh', { cookies: fresh })), '200')
})

t.test('a change that is refused changes nothing', async (t) => {
  const { accessToken, refreshToken } = await join(app, 'refused@example.com')
  const wrong = await change(accessToken, OTHER_PASSWORD, 'a third passphrase of length')
  t.equal(outcome(wrong), '401 invalid_credentials')
  for (const password of ['short', 'zzzzzzzzzzzzzzzzzzzz', 'Refused@example.com']) {
    const weak = await change(accessToken, PASSWORD, password)
    t.equal(outcome(weak), '422 weak_password')
    t.strictSame(pointersOf(weak), ['/new_password'])
  }
  t.equal(await knock(app, accessToken), '200')
  t.equal(outcome(await refresh(app, refreshToken)), '200')
  await signIn(app, 'refused@example.com')
})

t.test('a thief of a session gets ten guesses at the password, and locks out nobody else', async (t) => {
  const { accessToken } = await join(app, 'stolen@example.com')
  const own = await signIn(app, 'stolen@example.com')
  for (let guess = 0; guess < 10; guess++) {
    t.equal(
      outcome(await change(accessToken, `guess number ${guess} of many`, OTHER_PASSWORD)),
      '401 invalid_credentials'
    )
  }
  const refused = await change(accessToken, PASSWORD, OTHER_PASSWORD)
  t.equal(outcome(refused), '429 rate_limited')
  t.match(refused.headers['retry-after'], /^[1-9]\d*$/)
  const removal = await app.send('DELETE', '/api/v1/users/me', { token: accessToken, body: { password: PASSWORD } })
  t.equal(outcome(removal), '429 rate_limited')
  t.equal(outcome(await change(own.accessToken, PASSWORD, OTHER_PASSWORD)), '200')
})

t.test('somebody who was added without a password sets one with the reset token, and signs in only then', async (t) => {
  const body = { email: 'invited@example.com', display_name: 'Invited' }
  const made = await app.send('POST', '/api/v1/users', { token: admin, body })
  t.equal(made.headers['cache-control'], 'no-store')
  const { user, reset_token: token } = made.json()
  for (const password of [PASSWORD, 'null', '']) t.not((await login(app, user.email, password)).statusCode, 200)
  const weak = await reset(token, 'invited@example.com')
  t.equal(outcome(weak), '422 weak_password')
  t.strictSame(pointersOf(weak), ['/new_password'])
  t.equal(outcome(await reset(token, PASSWORD)), '204', 'a refused password does not use the token up')
  t.equal((await signIn(app, 'invited@example.com')).id, user.id)
  t.equal(outcome(await reset(token, OTHER_PASSWORD)), '401 invalid_reset_token', 'it works once')
})

t.test('a reset token sets the password and ends every session', async (t) => {
  const ada = await join(app, 'reset@example.com')
  const opened = await openReset(ada.id)
  t.equal(outcome(opened), '200')
  t.equal(opened.headers['cache-control'], 'no-store')
  const { reset_token: token, ...rest } = opened.json()
  t.strictSame(rest, { expires_in: 3600 })
  t.match(token, /^lkp_[\w-]{43}$/)
  t.equal(await knock(app, ada.accessToken), '200', 'opening alone ends nothing')

  const answer = await reset(token, OTHER_PASSWORD, { cookies: { [REFRESH]: ada.refreshToken } })
  t.equal(outcome(answer), '204')
  t.equal(cookieLines(answer).length, 1)
  t.equal(cookieOf(answer, REFRESH), '')
  t.equal(await knock(app, ada.accessToken), '401 token_revoked')
  t.equal(outcome(await refresh(app, ada.refreshToken)), OVER)
  t.equal(outcome(await login(app, 'reset@example.com', PASSWORD)), '401 invalid_credentials')
  await signIn(app, 'reset@example.com', OTHER_PASSWORD)
  const actions = actionsOf(await events(app, admin, { subject: ada.id }))
  t.strictSame(actions.slice(2, 4), ['user.password_changed', 'user.password_reset_opened'])
})

t.test(
  'a reset token is over after an hour, after a change of the password, and after another one was used',
  async (t) => {
    const ada = await join(app, 'over@example.com')
    const tokenFor = async () => (await openReset(ada.id)).json().reset_token as string
    const late = await tokenFor()
    await app.app.database.run(sql`
    update reset_tokens set expires_at = expires_at - interval '1 hour' where user_id = ${ada.id}`)
    t.equal(outcome(await reset(late, OTHER_PASSWORD)), '401 invalid_reset_token')

    const before = await tokenFor()
    await change(ada.accessToken, PASSWORD, OTHER_PASSWORD)
    t.equal(outcome(await reset(before, PASSWORD)), '401 invalid_reset_token')

    const [one, two] = [await tokenFor(), await tokenFor()]
    t.equal(outcome(await reset(two, PASSWORD)), '204')
    t.equal(outcome(await reset(one, OTHER_PASSWORD)), '401 invalid_reset_token')
    for (const nonsense of ['lkp_', two.slice(0, -1), `${two} `, 'x'.repeat(1024)]) {
      t.equal(outcome(await reset(nonsense, OTHER_PASSWORD)), '401 invalid_reset_token')
    }
    await signIn(app, 'over@example.com')
  }
)

t.test('a reset token is stored hashed, and does not let a disabled user in', async (t) => {
  const ada = await join(app, 'hashed@example.com')
  const { reset_token: token } = (await openReset(ada.id)).json()
  const rows = await app.app.database.run(sql`select r::text as text from reset_tokens r where user_id = ${ada.id}`)
  t.equal(rows.length, 1)
  t.notMatch(String(rows[0]?.['text']), token.slice(4))
  t.notMatch(String(rows[0]?.['text']), Buffer.from(token).toString('hex'))
  await app.send('PATCH', `/api/v1/users/${ada.id}`, { token: admin, body: { disabled: true } })
  t.equal(outcome(await reset(token, OTHER_PASSWORD)), '204')
  t.equal(outcome(await login(app, 'hashed@example.com', OTHER_PASSWORD)), '403 account_disabled')
})

t.test('people remove their own account with their password, and it is gone with all its sessions', async (t) => {
  const ada = await join(app, 'leaving@example.com')
  const remove = (password: string) =>
    app.send('DELETE', '/api/v1/users/me', { token: ada.accessToken, body: { password } })
  t.equal(outcome(await remove(OTHER_PASSWORD)), '401 invalid_credentials')
  t.equal(await knock(app, ada.accessToken), '200')
  t.equal(outcome(await remove(PASSWORD)), '204')
  t.equal(await knock(app, ada.accessToken), '401 token_revoked')
  t.equal(outcome(await refresh(app, ada.refreshToken)), OVER)
  t.equal(outcome(await login(app, 'leaving@example.com', PASSWORD)), '401 invalid_credentials')
  t.equal(outcome(await openReset(ada.id)), '404 not_found')
})
