import t from 'tap'
import { ADMIN_EMAIL, PASSWORD } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { holdBack } from '../support/hold-back.ts'
import { call, enter, startInstance, type Instance } from '../support/instance.ts'

t.setTimeout(300_000)
const ROUNDS = 50
const AT_ONCE = 50

// Two processes over one database: the races are between processes.
const settings = {
  DATABASE_URL: await freshDatabase(t, { engine: 'postgres' }),
  // Every statement of a round on a connection of its own, and some to spare.
  DATABASE_POOL_SIZE: '30',
  DATABASE_TIMEOUT: '30s',
  RATE_LIMIT: 'off',
  ARGON2_QUEUE: '1000'
}
const holder = holdBack(t, settings.DATABASE_URL)
const one = await startInstance(t, settings)
const two = await startInstance(t, settings)
const on = (i: number) => (i % 2 === 0 ? one : two)

t.test('many registrations of one address at once, in different spellings, make one user', async (t) => {
  const outcomes = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const spellings = [
      `rené${round}@bücher.example`,
      `RENÉ${round}@xn--bcher-kva.example`,
      `Rene\u0301${round}@BÜCHER.example`,
      `rENE\u0301${round}@xn--bcher-kva.EXAMPLE`
    ]
    const replies = await holder.letGoAtOnce('table', AT_ONCE, () =>
      Promise.all(
        Array.from({ length: AT_ONCE }, (_, i) =>
          call(on(i), 'POST', '/api/v1/auth/register', { email: spellings[i % 4], password: PASSWORD })
        )
      )
    )
    const made = replies.filter(({ status }) => status === 201).length
    const taken = replies.filter(({ body }) => body['code'] === 'email_taken').length
    outcomes.add(`${made} made, the rest ${taken === replies.length - 1 ? 'taken' : 'something else'}`)
  }
  t.strictSame([...outcomes], ['1 made, the rest taken'], `in ${ROUNDS} rounds`)
})

interface Administrator {
  readonly id: string
  readonly access: string
}

/** What an administrator can do so that there is one less; the last is to go oneself. */
const REMOVALS = [
  (on: Instance, { access }: Administrator, { id }: Administrator) =>
    call(on, 'PATCH', `/api/v1/users/${id}`, { roles: [] }, access),
  (on: Instance, { access }: Administrator, { id }: Administrator) =>
    call(on, 'PATCH', `/api/v1/users/${id}`, { disabled: true }, access),
  (on: Instance, { access }: Administrator, { id }: Administrator) =>
    call(on, 'DELETE', `/api/v1/users/${id}`, undefined, access),
  (on: Instance, { access }: Administrator) => call(on, 'DELETE', '/api/v1/users/me', { password: PASSWORD }, access)
] as const

t.test(
  'two administrators who demote, disable or delete each other, or go, at the same instant leave one',
  async (t) => {
    let last: Administrator = await enter(one, ADMIN_EMAIL, PASSWORD)
    const outcomes = new Set<string>()
    let rounds = 0
    for (let repeat = 0; repeat < 4; repeat++) {
      for (const ofLast of REMOVALS) {
        for (const ofOther of REMOVALS) {
          const email = `admin${rounds++}@example.com`
          await call(one, 'POST', '/api/v1/users', { email, password: PASSWORD, roles: ['admin'] }, last.access)
          const both = [last, await enter(two, email, PASSWORD)] as const
          const replies = await holder.letGoAtOnce('rows', 2, () =>
            Promise.all([ofLast(one, both[0], both[1]), ofOther(two, both[1], both[0])])
          )
          const left = await holder.administrators()
          const worst = Math.max(...replies.map(({ status }) => status))
          outcomes.add(`${left.length} left${worst < 500 ? '' : `, a ${worst}`}`)
          last = both.find(({ id }) => left.includes(id)) ?? last
        }
      }
    }
    t.strictSame([...outcomes], ['1 left'], `in ${rounds} rounds`)
  }
)

t.test('none of that was a deadlock', async (t) => {
  for (const instance of [one, two]) t.equal(await instance.end('SIGTERM'), 0)
  t.equal(await holder.deadlocks(), 0)
})
