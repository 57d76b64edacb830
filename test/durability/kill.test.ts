import t from 'tap'
import { OTHER_PASSWORD, PASSWORD } from '../support/app.ts'
import { engine, freshDatabase } from '../support/database.ts'
import { call, enter, startInstance, type Instance } from '../support/instance.ts'
import { createRandom } from '../support/random.ts'

t.setTimeout(600_000)
const KILLS = 20
const LEAST_OPERATIONS = 1000
const WORKERS = 8
/** Operations that a life of the process may see at most before it is killed, at a moment that chance decides. */
const MOST_A_LIFE = 90

const settings = {
  DATABASE_URL: await freshDatabase(t),
  RATE_LIMIT: 'off',
  ARGON2_QUEUE: '1000',
  ARGON2_MEMORY_KIB: '8',
  DATABASE_POOL_SIZE: '8'
}
const random = createRandom(20_261_125)

/** What was acknowledged, to be found again whatever was killed. */
interface Acknowledged {
  /** What each account's password may be: while a change of it is not acknowledged, the old one or the new. */
  readonly passwords: Map<string, readonly string[]>
  readonly signedOut: { readonly access: string; readonly refresh: string }[]
  operations: number
}

/** One person after another: registers, signs in, and signs out or changes the password, until the process is gone. */
async function work(instance: Instance, name: string, done: Acknowledged, onOperation: () => void): Promise<void> {
  try {
    for (let i = 0; ; i++) {
      const email = `${name}-${i}@example.com`
      if ((await call(instance, 'POST', '/api/v1/auth/register', { email, password: PASSWORD })).status !== 201) return
      done.passwords.set(email, [PASSWORD])
      onOperation()
      const { access, refresh } = await enter(instance, email, PASSWORD)
      if (i % 2 === 0) {
        if ((await call(instance, 'POST', '/api/v1/auth/logout', undefined, access)).status !== 204) return
        done.signedOut.push({ access, refresh })
      } else {
        done.passwords.set(email, [PASSWORD, OTHER_PASSWORD])
        const change = { current_password: PASSWORD, new_password: OTHER_PASSWORD }
        if ((await call(instance, 'POST', '/api/v1/auth/password', change, access)).status !== 200) return
        done.passwords.set(email, [OTHER_PASSWORD])
      }
      onOperation()
    }
  } catch {
    // The process was killed: what was under way is not acknowledged.
  }
}

t.test('what was acknowledged is there after kill -9 at any moment', async (t) => {
  const done: Acknowledged = { passwords: new Map(), signedOut: [], operations: 0 }
  let kills = 0
  while (kills < KILLS || done.operations < LEAST_OPERATIONS) {
    const instance = await startInstance(t, settings)
    const killAfter = 1 + random.below(MOST_A_LIFE)
    let seen = 0
    let dying: Promise<unknown> | undefined
    const onOperation = () => {
      done.operations++
      seen++
      if (seen === killAfter) dying = instance.end('SIGKILL')
    }
    await Promise.all(Array.from({ length: WORKERS }, (_, w) => work(instance, `life${kills}-${w}`, done, onOperation)))
    await (dying ?? instance.end('SIGKILL'))
    kills++
  }

  const instance = await startInstance(t, settings)
  const lost: string[] = []
  for (const [email, expected] of done.passwords) {
    const statuses: number[] = []
    for (const password of [PASSWORD, OTHER_PASSWORD]) {
      const { status } = await call(instance, 'POST', '/api/v1/auth/login', { email, password, delivery: 'body' })
      statuses.push(status)
    }
    const right = statuses.join() === '200,401' ? PASSWORD : statuses.join() === '401,200' ? OTHER_PASSWORD : ''
    if (!expected.includes(right)) lost.push(`${email} signs in with its passwords: ${statuses.join()}`)
  }
  for (const { access, refresh } of done.signedOut) {
    if ((await call(instance, 'GET', '/api/v1/users/me', undefined, access)).status !== 401)
      lost.push('an access token lives')
    const { status } = await call(instance, 'POST', '/api/v1/auth/refresh', { refresh_token: refresh })
    if (status !== 401) lost.push('a refresh token lives')
  }
  t.comment(
    `${engine}: ${kills} kills, ${done.operations} acknowledged operations (${done.passwords.size} accounts, ` +
      `${done.signedOut.length} sign-outs looked at), ${lost.length} lost`
  )
  t.ok(kills >= KILLS)
  t.ok(done.operations >= LEAST_OPERATIONS)
  t.strictSame(lost, [])
})
