import { sql } from 'drizzle-orm'
import t from 'tap'
import { join, OTHER_PASSWORD, PASSWORD, signIn, signInAdmin, startApp, startAppOver } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import {
  cookieLines,
  cookieOf,
  DEVICE,
  knock,
  login,
  outcome,
  pointersOf,
  REFRESH,
  refresh
} from '../support/reading.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const app = await startApp(t)

const register = (body: object, over = app) => over.send('POST', '/api/v1/auth/register', { body })

t.test('registering gives the account, with no role and not signed in', async (t) => {
  const answer = await register({ email: 'Ada@Example.com', password: PASSWORD, display_name: 'Ada' })
  t.equal(outcome(answer), '201')
  const body = answer.json()
  t.strictSame(Object.keys(body), ['user'])
  const { id, created_at: created, updated_at: updated, ...rest } = body.user
  t.match(id, UUID)
  t.match(created, TIME)
  t.equal(updated, created)
  t.strictSame(rest, { email: 'Ada@Example.com', display_name: 'Ada', roles: [], disabled: false })
  t.equal(answer.headers.location, `/api/v1/users/${id}`)
  t.strictSame(cookieLines(answer), [])
})

t.test('an address is taken in whatever spelling it comes again', async (t) => {
  t.equal(outcome(await register({ email: 'straße.Ü@bücher.example', password: PASSWORD })), '201')
  const again = ['STRAße.ü@bücher.example', 'straße.u\u0308@xn--bcher-kva.example', 'straße.Ü@BÜCHER.example']
  for (const email of again) t.equal(outcome(await register({ email, password: OTHER_PASSWORD })), '409 email_taken')
  t.equal(outcome(await login(app, 'straße.ü@XN--BCHER-KVA.example', PASSWORD)), '200')
})

t.test('a weak password is refused, and the refusal names the member', async (t) => {
  const weak = {
    'too short': 'fourteen chars',
    'too long': `${'correct horse battery staple '.repeat(9)}x`,
    common: 'passwordpassword',
    'a repetition': 'zzzzzzzzzzzzzzzzzzzz',
    'a run of digits': '1234567890123456',
    'a run of keys': 'qwertyuiopasdfgh',
    'the own address': 'Somebody.With.A.Name@example.com',
    'the part before the @': 'somebody.with.a.name'
  }
  for (const [why, password] of Object.entries(weak)) {
    const answer = await register({ email: 'somebody.with.a.name@example.com', password })
    t.equal(outcome(answer), '422 weak_password', why)
    t.strictSame(pointersOf(answer), ['/password'], why)
  }
})

t.test('nobody registers where registration is closed, but an administrator may add people', async (t) => {
  const closed = await startApp(t, { REGISTRATION: 'closed' })
  const person = { email: 'ada@example.com', password: PASSWORD }
  t.equal(outcome(await register(person, closed)), '403 registration_closed')
  const { accessToken: token } = await signInAdmin(closed)
  t.equal(outcome(await closed.send('POST', '/api/v1/users', { token, body: person })), '201')
})

t.test('by default the refresh token is in a cookie that neither scripts nor other sites get at', async (t) => {
  const { id } = await join(app, 'cookie@example.com')
  const body = { email: 'cookie@example.com', password: PASSWORD }
  const answer = await app.send('POST', '/api/v1/auth/login', { body })
  t.equal(outcome(answer), '200')
  const { access_token: token, user, ...rest } = answer.json()
  t.strictSame(rest, { token_type: 'Bearer', expires_in: 900 })
  t.equal(user.id, id)
  t.equal(await knock(app, token), '200')
  t.equal(answer.headers['cache-control'], 'no-store')

  const attributesOf = (name: string) => {
    const line = cookieLines(answer).find((one) => one.startsWith(`${name}=`)) ?? ''
    return line.split('; ').slice(1).sort()
  }
  t.strictSame(attributesOf(REFRESH), ['HttpOnly', 'Max-Age=604800', 'Path=/', 'SameSite=Strict', 'Secure'])
  t.strictSame(attributesOf(DEVICE), ['HttpOnly', 'Max-Age=34560000', 'Path=/', 'SameSite=Strict', 'Secure'])
  t.equal(cookieLines(answer).length, 2)
})

t.test('with delivery `body` the refresh token is in the answer, and in no cookie', async (t) => {
  await join(app, 'body@example.com')
  const answer = await login(app, 'body@example.com', PASSWORD)
  const members = ['access_token', 'expires_in', 'refresh_expires_in', 'refresh_token', 'token_type', 'user']
  t.strictSame(Object.keys(answer.json()).sort(), members)
  t.equal(answer.json().refresh_expires_in, 604800)
  t.equal(cookieOf(answer, REFRESH) ?? '', '')
  t.equal(answer.headers['cache-control'], 'no-store')
  const renewed = await refresh(app, answer.json().refresh_token)
  t.strictSame(Object.keys(renewed.json()).sort(), members)
  t.equal(renewed.headers['cache-control'], 'no-store')
})

t.test('a delivery that is not offered is refused', async (t) => {
  for (const delivery of ['session', 'Body', '']) {
    const answer = await login(app, 'body@example.com', PASSWORD, {}, delivery)
    t.equal(outcome(answer), '400 validation_failed')
    t.strictSame(pointersOf(answer), ['/delivery'])
  }
})

t.test('an unknown address and a wrong password get the same answer', async (t) => {
  await join(app, 'known@example.com')
  const answers = [
    await login(app, 'known@example.com', OTHER_PASSWORD),
    await login(app, 'nobody@example.com', OTHER_PASSWORD)
  ]
  const comparable = answers.map((answer) => {
    const headers = Object.entries(answer.headers).filter(([name]) => name !== 'date' && name !== 'x-request-id')
    return { status: answer.statusCode, headers, body: { ...answer.json(), request_id: null } }
  })
  t.equal(answers.map(outcome).join(), '401 invalid_credentials,401 invalid_credentials')
  t.strictSame(comparable[0], comparable[1])
  t.match(answers[0]?.headers['www-authenticate'], /^Bearer realm="[^"]+"$/)
})

t.test('only who knows the password learns that an account is disabled', async (t) => {
  const { id, accessToken } = await join(app, 'disabled@example.com')
  const { accessToken: token } = await signInAdmin(app)
  await app.send('PATCH', `/api/v1/users/${id}`, { token, body: { disabled: true } })
  t.equal(outcome(await login(app, 'disabled@example.com', OTHER_PASSWORD)), '401 invalid_credentials')
  const answer = await login(app, 'disabled@example.com', PASSWORD)
  t.equal(outcome(answer), '403 account_disabled')
  t.strictSame(cookieLines(answer), [])
  t.equal(await knock(app, accessToken), '401 token_revoked')
})

t.test('a password hash that is weaker than configured is replaced at sign-in, and nobody is signed out', async (t) => {
  const url = await freshDatabase(t)
  const before = await startAppOver(t, url, { ARGON2_MEMORY_KIB: '64' })
  const ada = await join(before, 'ada@example.com')
  await before.app.close()

  const after = await startAppOver(t, url, { ARGON2_MEMORY_KIB: '128' })
  const stored = async () => {
    const [row] = await after.app.database.run(sql`select password_hash as hash from users where id = ${ada.id}`)
    return String(row?.['hash'])
  }
  t.match(await stored(), /^\$argon2id\$v=19\$m=64,t=1,/)
  t.equal(outcome(await login(after, 'ada@example.com', OTHER_PASSWORD)), '401 invalid_credentials')
  t.match(await stored(), /^\$argon2id\$v=19\$m=64,t=1,/)
  await signIn(after, 'ada@example.com')
  const strong = await stored()
  t.match(strong, /^\$argon2id\$v=19\$m=128,t=1,/)
  await signIn(after, 'ada@example.com')
  t.equal(await stored(), strong)
  t.equal(await knock(after, ada.accessToken), '200')
  t.equal(outcome(await refresh(after, ada.refreshToken)), '200')
})
