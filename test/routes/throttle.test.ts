import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { join, OTHER_PASSWORD, PASSWORD, signInAdmin, startApp, startAppOver, type Sent } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { cookieOf, DEVICE, events, login, outcome, type Answer } from '../support/reading.ts'

// A queue that holds all that is sent at once here, so that only the throttle refuses.
const app = await startApp(t, { ARGON2_QUEUE: '1000' })
const LIMITED = '429 rate_limited'
const WRONG = '401 invalid_credentials'

const attempt = (email: string, password: string, remoteAddress: string, more: Sent = {}, over = app) =>
  login(over, email, password, { remoteAddress, ...more })
const wrong = async (email: string, address: string, more: Sent = {}, over = app) =>
  outcome(await attempt(email, OTHER_PASSWORD, address, more, over))
const right = async (email: string, address: string, more: Sent = {}, over = app) =>
  outcome(await attempt(email, PASSWORD, address, more, over))

/** So many wrong passwords one after the other, all of which are looked at. */
async function failTimes(t: Test, times: number, one: (index: number) => Promise<string>) {
  const outcomes = new Set<string>()
  for (let i = 0; i < times; i++) outcomes.add(await one(i))
  t.strictSame([...outcomes], [WRONG], `${times} times`)
}

/** The cookie of a device on which this user has signed in. */
async function deviceOf(email: string): Promise<Sent> {
  await join(app, email)
  const answer = await attempt(email, PASSWORD, '192.0.2.250')
  return { cookies: { [DEVICE]: cookieOf(answer, DEVICE) ?? '' } }
}

t.test('after ten failures not even the right password is looked at, from there and for this account', async (t) => {
  await join(app, 'ada@example.com')
  await join(app, 'neighbour@example.com')
  await failTimes(t, 10, () => wrong('ada@example.com', '192.0.2.1'))
  const refused = await attempt('ada@example.com', PASSWORD, '192.0.2.1')
  t.equal(outcome(refused), LIMITED)
  t.match(refused.headers['retry-after'], /^[1-9]\d{0,2}$/)
  t.equal(await right('ADA@example.com', '192.0.2.1'), LIMITED, 'in another spelling neither')
  t.equal(await right('ada@example.com', '192.0.2.2'), '200', 'from another address it is')
  t.equal(await right('neighbour@example.com', '192.0.2.1'), '200', 'and for another account')
})

t.test('the limit ends with its window', async (t) => {
  await join(app, 'window@example.com')
  await failTimes(t, 10, () => wrong('window@example.com', '192.0.2.3'))
  t.equal(await right('window@example.com', '192.0.2.3'), LIMITED)
  await app.app.database.run(sql`update throttles set expires_at = clock_timestamp() - interval '1 second'`)
  t.equal(await right('window@example.com', '192.0.2.3'), '200')
})

t.test('an account that does not exist is limited alike', async (t) => {
  await join(app, 'real@example.com')
  const answers: Record<string, Answer> = {}
  for (const email of ['real@example.com', 'unreal@example.com']) {
    await failTimes(t, 10, () => wrong(email, '192.0.2.4'))
    answers[email] = await attempt(email, OTHER_PASSWORD, '192.0.2.4')
  }
  const [real, unreal] = Object.values(answers).map((answer) => ({ ...answer.json(), request_id: null }))
  t.equal(real.code, 'rate_limited')
  t.strictSame(unreal, real)
})

t.test('a success is not counted, and ends a run of failures', async (t) => {
  await join(app, 'success@example.com')
  for (let i = 0; i < 12; i++) t.equal(await right('success@example.com', '192.0.2.5'), '200')
  await failTimes(t, 9, () => wrong('success@example.com', '192.0.2.5'))
  t.equal(await right('success@example.com', '192.0.2.5'), '200')
  await failTimes(t, 10, () => wrong('success@example.com', '192.0.2.5'))
  t.equal(await right('success@example.com', '192.0.2.5'), LIMITED)
})

t.test('who tries many accounts from one address is stopped after a hundred failures', async (t) => {
  await join(app, 'hundred@example.com')
  await failTimes(t, 100, (i) => wrong(`account-${i}@example.com`, '192.0.2.6'))
  t.equal(await right('hundred@example.com', '192.0.2.6'), LIMITED)
  t.equal(await wrong('account-101@example.com', '192.0.2.6'), LIMITED)
  t.equal(await right('hundred@example.com', '192.0.2.7'), '200')
})

t.test('the addresses of one IPv6 network count as one', async (t) => {
  await join(app, 'network@example.com')
  await failTimes(t, 10, (i) => wrong('network@example.com', `2001:db8:1:2::${(i * 4097).toString(16)}`))
  t.equal(await right('network@example.com', '2001:db8:1:2:ffff:ffff:ffff:ffff'), LIMITED)
  t.equal(await right('network@example.com', '2001:db8:1:3::1'), '200')
})

t.test(
  'a hundred failures in a row from everywhere close an account to strangers, not to a known device',
  async (t) => {
    const device = await deviceOf('target@example.com')
    const stranger = await deviceOf('stranger@example.com')
    await failTimes(t, 100, (i) => wrong('target@example.com', `198.51.100.${i}`))
    t.equal(await right('target@example.com', '203.0.113.1'), LIMITED)
    t.equal(await wrong('target@example.com', '203.0.113.1'), LIMITED)

    const value = device.cookies?.[DEVICE] ?? ''
    const bytes = Buffer.from(value, 'base64url')
    const forged = [0, 8, 24, 40].map((place) => {
      const copy = Buffer.from(bytes)
      copy[place] = (copy[place] ?? 0) ^ 1
      return copy.toString('base64url')
    })
    for (const cookie of [...forged, `${value}A`, 'nonsense', stranger.cookies?.[DEVICE] ?? '']) {
      t.equal(await right('target@example.com', '203.0.113.2', { cookies: { [DEVICE]: cookie } }), LIMITED)
    }
    t.equal(await right('target@example.com', '203.0.113.3', device), '200')
    t.equal(await right('target@example.com', '203.0.113.4'), '200', 'whose success ends the run')
  }
)

t.test('a known device has a budget of its own, which is no larger', async (t) => {
  const device = await deviceOf('device@example.com')
  await failTimes(t, 10, (i) => wrong('device@example.com', `203.0.113.${10 + i}`, device))
  t.equal(await right('device@example.com', '203.0.113.30', device), LIMITED, 'from whatever address it comes')
  t.equal(await right('device@example.com', '203.0.113.30'), '200', 'and those of others are not touched')
  await failTimes(t, 10, () => wrong('another@example.com', '203.0.113.31', device))
  t.equal(await wrong('another@example.com', '203.0.113.31', device), LIMITED, 'for other accounts it is a stranger')
})

t.test('many guesses at once get no further than a hundred in a row', async (t) => {
  await join(app, 'parallel@example.com')
  const fromOne = Array.from({ length: 150 }, () => wrong('parallel@example.com', '203.0.113.40'))
  const fromMany = Array.from({ length: 150 }, (_, i) => wrong('nobody@example.com', `198.51.100.${i}`))
  for (const outcomes of [await Promise.all(fromOne), await Promise.all(fromMany)]) {
    const looked = outcomes.filter((one) => one === WRONG).length
    t.ok(looked > 0 && looked <= 100, `${looked} were looked at`)
    t.equal(outcomes.filter((one) => one === LIMITED).length, 150 - looked)
  }
  t.equal(await right('parallel@example.com', '203.0.113.40'), LIMITED)
})

t.test('what is refused past the limit is not written to the audit trail', async (t) => {
  const { id } = await join(app, 'trail@example.com')
  await failTimes(t, 10, () => wrong('trail@example.com', '203.0.113.50'))
  for (let i = 0; i < 5; i++) t.equal(await wrong('trail@example.com', '203.0.113.50'), LIMITED)
  const { accessToken } = await signInAdmin(app)
  t.equal((await events(app, accessToken, { subject: id, action: 'user.sign_in_failed' })).length, 10)
})

t.test('neither addresses nor accounts can be read out of the counters', async (t) => {
  const [row] = await app.app.database.run(sql`select string_agg(key, ' ') as keys from throttles`)
  t.notMatch(String(row?.['keys']), /example|192\.0\.2|2001:db8/)
})

t.test('a restart forgets no failure', async (t) => {
  const url = await freshDatabase(t)
  const before = await startAppOver(t, url)
  await join(before, 'ada@example.com')
  await failTimes(t, 10, () => wrong('ada@example.com', '192.0.2.1', {}, before))
  await before.app.close()
  const after = await startAppOver(t, url)
  t.equal(await right('ada@example.com', '192.0.2.1', {}, after), LIMITED)
})

t.test('with RATE_LIMIT=off nothing is counted', async (t) => {
  const free = await startApp(t, { RATE_LIMIT: 'off' })
  await join(free, 'ada@example.com')
  await failTimes(t, 12, () => wrong('ada@example.com', '192.0.2.1', {}, free))
  t.equal(await right('ada@example.com', '192.0.2.1', {}, free), '200')
  const [row] = await free.app.database.run(sql`select count(*)::int as count from throttles`)
  t.equal(row?.['count'], 0)
})
