import t, { type Test } from 'tap'
import { ADMIN_EMAIL, PASSWORD } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { call, enter, startInstance, type Instance } from '../support/instance.ts'

t.setTimeout(300_000)
const ROUNDS = 50
const AT_ONCE = 100
const cheap = { RATE_LIMIT: 'off', ARGON2_QUEUE: '1000' }

async function pair(t: Test, settings: Readonly<Record<string, string>>): Promise<readonly [Instance, Instance]> {
  const all = { ...cheap, DATABASE_URL: await freshDatabase(t, { engine: 'postgres' }), ...settings }
  return [await startInstance(t, all), await startInstance(t, all)]
}

/** So many refreshes of one token at once over both instances: the distinct successors, and the other answers. */
async function rush([one, two]: readonly [Instance, Instance], refresh: string, times: number) {
  const replies = await Promise.all(
    Array.from({ length: times }, (_, i) =>
      call(i % 2 === 0 ? one : two, 'POST', '/api/v1/auth/refresh', { refresh_token: refresh })
    )
  )
  const good = replies.filter(({ status }) => status === 200)
  const others = replies
    .filter(({ status }) => status !== 200)
    .map(({ status, body }) => `${status} ${String(body['code'])}`)
  return {
    successors: [...new Set(good.map(({ body }) => String(body['refresh_token'])))],
    others: [...new Set(others)]
  }
}

t.test('refreshes of one token at once have one successor, and nobody is taken for a thief', async (t) => {
  const instances = await pair(t, {})
  await call(instances[0], 'POST', '/api/v1/auth/register', { email: 'a@example.com', password: PASSWORD })
  let { refresh } = await enter(instances[0], 'a@example.com', PASSWORD)
  const outcomes = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const { successors, others } = await rush(instances, refresh, AT_ONCE)
    outcomes.add(`${successors.length} successor, ${others.length === 0 ? 'no refusal' : others.join()}`)
    refresh = successors[0] ?? refresh
  }
  t.strictSame([...outcomes], ['1 successor, no refusal'], `in ${ROUNDS} rounds`)
  const admin = await enter(instances[0], ADMIN_EMAIL, PASSWORD)
  const trail = '/api/v1/audit?action=session.refreshed&limit=100'
  const { body } = await call(instances[1], 'GET', trail, undefined, admin.access)
  t.equal(Array.isArray(body['items']) && body['items'].length, ROUNDS, 'the session turned once a round')
})

t.test('without a grace window, refreshes at once never leave two different tokens alive', async (t) => {
  const instances = await pair(t, { REFRESH_GRACE: '0' })
  await call(instances[0], 'POST', '/api/v1/auth/register', { email: 'a@example.com', password: PASSWORD })
  const outcomes = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const { refresh } = await enter(instances[0], 'a@example.com', PASSWORD)
    const { successors, others } = await rush(instances, refresh, 8)
    outcomes.add(`${successors.length} successor, the rest ${others.join()}`)
  }
  t.strictSame([...outcomes], ['1 successor, the rest 401 invalid_refresh_token'], `in ${ROUNDS} rounds`)
})
