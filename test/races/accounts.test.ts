import t from 'tap'
import { ADMIN_EMAIL, PASSWORD } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { call, enter, startInstance } from '../support/instance.ts'

t.setTimeout(300_000)
const ROUNDS = 50
const AT_ONCE = 50

// Two processes over one PostgreSQL, whichever engine the run is about: the races are between processes.
const settings = {
  DATABASE_URL: await freshDatabase(t, { engine: 'postgres' }),
  RATE_LIMIT: 'off',
  ARGON2_QUEUE: '1000'
}
const one = await startInstance(t, settings)
const two = await startInstance(t, settings)
const instances = [one, two] as const
const on = (i: number) => instances[i % 2 === 0 ? 0 : 1]
const admin = await enter(one, ADMIN_EMAIL, PASSWORD)

t.test('many registrations of one address at once, in different spellings, make one user', async (t) => {
  const outcomes = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const spellings = [
      `rené${round}@bücher.example`,
      `RENÉ${round}@xn--bcher-kva.example`,
      `Rene\u0301${round}@BÜCHER.example`,
      `rENE\u0301${round}@xn--bcher-kva.EXAMPLE`
    ]
    const replies = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, i) =>
        call(on(i), 'POST', '/api/v1/auth/register', { email: spellings[i % 4], password: PASSWORD })
      )
    )
    const made = replies.filter(({ status }) => status === 201).length
    const taken = replies.filter(({ body }) => body['code'] === 'email_taken').length
    outcomes.add(`${made} made, the rest ${taken === replies.length - 1 ? 'taken' : 'something else'}`)
  }
  t.strictSame([...outcomes], ['1 made, the rest taken'], `in ${ROUNDS} rounds`)
})

t.test('administrators who demote, disable or delete each other at the same instant leave one', async (t) => {
  // The first administrator steps down, so that the two of each round are all there are; the last one of a round goes on.
  const made = await call(
    one,
    'POST',
    '/api/v1/users',
    { email: 'first@example.com', password: PASSWORD, roles: ['admin'] },
    admin.access
  )
  t.equal(made.status, 201)
  let last = await enter(one, 'first@example.com', PASSWORD)
  t.equal((await call(one, 'DELETE', `/api/v1/users/${admin.id}`, undefined, last.access)).status, 204)
  const removals = [
    ['PATCH', { roles: [] }],
    ['PATCH', { disabled: true }],
    ['DELETE', undefined]
  ] as const
  const outcomes = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    const email = `admin${round}@example.com`
    await call(one, 'POST', '/api/v1/users', { email, password: PASSWORD, roles: ['admin'] }, last.access)
    const other = await enter(two, email, PASSWORD)
    const [method, body] = removals[round % 3] ?? removals[0]
    const replies = await Promise.all([
      call(one, method, `/api/v1/users/${other.id}`, body, last.access),
      call(two, method, `/api/v1/users/${last.id}`, body, other.access)
    ])
    const worst = Math.max(...replies.map(({ status }) => status))
    const done = replies.filter(({ status }) => status < 300).length
    const outcome = worst >= 500 ? `a ${worst}` : `${done} done`
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    if (done === 1) last = replies[0].status < 300 ? last : other
  }
  t.strictSame([...outcomes.keys()], ['1 done'], `in ${ROUNDS} rounds: ${JSON.stringify([...outcomes])}`)
  t.equal((await call(one, 'GET', '/api/v1/users?role=admin&disabled=false', undefined, last.access)).status, 200)
})
