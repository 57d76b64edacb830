import { randomBytes } from 'node:crypto'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { makeRefreshToken } from '../../src/domain/refresh-token.ts'
import { join, PASSWORD, signInAdmin, startApp, startAppOver } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { cookieOf, events, knock, login, outcome, REFRESH, refresh, sessionOf } from '../support/reading.ts'

const app = await startApp(t)
const { accessToken: admin } = await signInAdmin(app)
const OVER = '401 invalid_refresh_token'

/** As if the last refresh of the session had been so long ago. */
const setTurnBack = (session: string, seconds: number) =>
  app.app.database.run(
    sql`update sessions set turned_at = turned_at - ${seconds}::int * interval '1 second' where id = ${session}`
  )

t.test('a refresh replaces both tokens, and those before it stay good until then', async (t) => {
  const ada = await join(app, 'ada@example.com')
  let token = ada.refreshToken
  for (let turn = 0; turn < 5; turn++) {
    const answer = await refresh(app, token)
    t.equal(outcome(answer), '200')
    t.not(answer.json().refresh_token, token)
    t.equal(answer.json().user.id, ada.id)
    t.equal(await knock(app, answer.json().access_token), '200')
    token = answer.json().refresh_token
  }
  t.equal(await knock(app, ada.accessToken), '200')
})

t.test(
  'a refresh token sent again at once gets the same successor, so that a lost answer signs nobody out',
  async (t) => {
    const { refreshToken } = await join(app, 'lost@example.com')
    const answers = [
      await refresh(app, refreshToken),
      await refresh(app, refreshToken),
      await refresh(app, refreshToken)
    ]
    t.strictSame(answers.map(outcome), ['200', '200', '200'])
    t.equal(new Set(answers.map((answer) => answer.json().refresh_token)).size, 1)
    t.equal(outcome(await refresh(app, answers[0]?.json().refresh_token)), '200')
  }
)

t.test('a token older than that is taken for stolen: the whole session is over, and it is written down', async (t) => {
  const { id, accessToken, refreshToken } = await join(app, 'old@example.com')
  const other = (await login(app, 'old@example.com', PASSWORD)).json()
  const second = (await refresh(app, refreshToken)).json()
  const third = (await refresh(app, second.refresh_token)).json()
  t.equal(outcome(await refresh(app, refreshToken)), OVER)
  t.equal(await knock(app, accessToken), '401 token_revoked')
  t.equal(await knock(app, third.access_token), '401 token_revoked')
  for (const token of [refreshToken, second.refresh_token, third.refresh_token]) {
    t.equal(outcome(await refresh(app, token)), OVER)
  }
  const found = await events(app, admin, { subject: id, action: 'session.theft_assumed' })
  t.strictSame(
    found.map(({ outcome, actor, detail }) => ({ outcome, actor, detail })),
    [{ outcome: 'failure', actor: null, detail: { session: sessionOf(accessToken) } }]
  )
  t.equal(await knock(app, other.access_token), '200', 'another session of the same user lives on')
  t.equal(outcome(await refresh(app, other.refresh_token)), '200')
})

t.test('after the grace window the token just replaced is taken for stolen, too', async (t) => {
  const { accessToken, refreshToken } = await join(app, 'grace@example.com')
  const next = (await refresh(app, refreshToken)).json().refresh_token
  await setTurnBack(sessionOf(accessToken), 5)
  t.equal((await refresh(app, refreshToken)).json().refresh_token, next)
  await setTurnBack(sessionOf(accessToken), 5)
  t.equal(outcome(await refresh(app, refreshToken)), OVER)
  t.equal(await knock(app, accessToken), '401 token_revoked')
  t.equal(outcome(await refresh(app, next)), OVER)
})

t.test('without a grace window a refresh token works once', async (t) => {
  const strict = await startApp(t, { REFRESH_GRACE: '0' })
  const { accessToken, refreshToken } = await join(strict, 'ada@example.com')
  t.equal(outcome(await refresh(strict, refreshToken)), '200')
  t.equal(outcome(await refresh(strict, refreshToken)), OVER)
  t.equal(await knock(strict, accessToken), '401 token_revoked')
})

t.test('a browser refreshes by its cookie, and a cookie that is no longer good is cleared', async (t) => {
  await join(app, 'browser@example.com')
  const signedIn = await login(app, 'browser@example.com', PASSWORD, {}, 'cookie')
  const first = cookieOf(signedIn, REFRESH) ?? ''
  const byCookie = (value: string) => app.send('POST', '/api/v1/auth/refresh', { cookies: { [REFRESH]: value } })
  const renewed = await byCookie(first)
  t.equal(outcome(renewed), '200')
  t.notOk('refresh_token' in renewed.json())
  const second = cookieOf(renewed, REFRESH) ?? ''
  t.ok(second !== '' && second !== first)
  t.equal(outcome(await byCookie(second)), '200')

  const refused = await byCookie(first)
  t.equal(outcome(refused), OVER)
  t.match(
    refused.headers['set-cookie'],
    new RegExp(`^${REFRESH}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict$`)
  )
})

t.test('a refresh token in the body wins over the cookie', async (t) => {
  const ada = await join(app, 'wins@example.com')
  const cookies = { [REFRESH]: cookieOf(await login(app, 'wins@example.com', PASSWORD, {}, 'cookie'), REFRESH) ?? '' }
  const send = (refreshToken: string) =>
    app.send('POST', '/api/v1/auth/refresh', { body: { refresh_token: refreshToken }, cookies })
  const answer = await send(ada.refreshToken)
  t.equal(sessionOf(answer.json().access_token), sessionOf(ada.accessToken))
  t.equal(outcome(await send('nonsense')), OVER, 'a bad one, too')
  t.equal(outcome(await app.send('POST', '/api/v1/auth/refresh', { cookies })), '200')
  t.equal(outcome(await app.send('POST', '/api/v1/auth/refresh')), OVER, 'without any there is nothing to renew')
  t.equal(outcome(await app.send('POST', '/api/v1/auth/refresh', { body: {} })), OVER)
})

t.test(
  'a session that is not used lapses, and so does one that has reached its end however much it is used',
  async (t) => {
    for (const column of ['idle_expires_at', 'expires_at']) {
      const { accessToken, refreshToken } = await join(app, `${column}@example.com`)
      const token = (await refresh(app, refreshToken)).json().refresh_token
      const name = sql.identifier(column)
      await app.app.database.run(sql`
      update sessions set ${name} = clock_timestamp() - interval '1 second' where id = ${sessionOf(accessToken)}`)
      t.equal(outcome(await refresh(app, token)), OVER, column)
      t.equal(outcome(await refresh(app, refreshToken)), OVER, column)
      t.equal(outcome(await app.send('GET', '/api/v1/auth/session', { token: accessToken })), '401 token_revoked')
    }
  }
)

t.test('use puts the idle limit off, but not past the end', async (t) => {
  const { accessToken, refreshToken } = await join(app, 'idle@example.com')
  const row = async () => {
    const [found] = await app.app.database.run(sql`
      select extract(epoch from idle_expires_at - clock_timestamp())::int as idle, idle_expires_at = expires_at as at_end
      from sessions where id = ${sessionOf(accessToken)}`)
    return found
  }
  await app.app.database.run(sql`
    update sessions set idle_expires_at = clock_timestamp() + interval '1 minute' where id = ${sessionOf(accessToken)}`)
  const token = (await refresh(app, refreshToken)).json().refresh_token
  t.ok(Number((await row())?.['idle']) > 6 * 24 * 3600)
  await app.app.database.run(sql`
    update sessions set expires_at = clock_timestamp() + interval '1 minute' where id = ${sessionOf(accessToken)}`)
  await refresh(app, token)
  t.equal((await row())?.['at_end'], true)
})

t.test('a token that the service did not make is refused, and ends no session', async (t) => {
  const { accessToken, refreshToken } = await join(app, 'forged@example.com')
  const other = (await join(app, 'forger@example.com')).refreshToken
  const bytes = Buffer.from(refreshToken.slice(4), 'base64url')
  const altered = [0, 8, 24, 27, 28, 59, 60, 91].map((place) => {
    const copy = Buffer.from(bytes)
    copy[place] = (copy[place] ?? 0) ^ 1
    return `lkr_${copy.toString('base64url')}`
  })
  const spliced = Buffer.concat([bytes.subarray(0, 28), Buffer.from(other.slice(4), 'base64url').subarray(28)])
  const key = app.app.keys.currentMac('refresh')
  const keysAlone = [0, 1, 2 ** 31 - 1, 2 ** 32 - 1].map((counter) =>
    makeRefreshToken(key, sessionOf(accessToken), randomBytes(32), counter)
  )
  const [row] = await app.app.database.run(sql`select seed from sessions where id = ${sessionOf(accessToken)}`)
  const databaseAlone = makeRefreshToken(
    { ...key, secret: randomBytes(32) },
    sessionOf(accessToken),
    Buffer.from(row?.['seed'] as Uint8Array),
    0
  )
  const forged = [...altered, `lkr_${spliced.toString('base64url')}`, ...keysAlone, databaseAlone]
  const misshapen = [
    refreshToken.slice(4),
    `${refreshToken}A`,
    `${refreshToken}=`,
    refreshToken.slice(0, -1),
    accessToken,
    ' '
  ]
  for (const token of [...forged, ...misshapen]) t.equal(outcome(await refresh(app, token)), OVER)
  t.equal(await knock(app, accessToken), '200')
  t.equal(outcome(await refresh(app, refreshToken)), '200')
})

t.test('a restart signs nobody out', async (t) => {
  const url = await freshDatabase(t)
  const before = await startAppOver(t, url)
  const { refreshToken } = await join(before, 'ada@example.com')
  const next = (await refresh(before, refreshToken)).json().refresh_token
  await before.app.close()
  const after = await startAppOver(t, url)
  t.equal((await refresh(after, refreshToken)).json().refresh_token, next, 'also within the grace window')
  t.equal(outcome(await refresh(after, next)), '200')
})
