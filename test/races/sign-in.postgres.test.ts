import t from 'tap'
import { ADMIN_EMAIL, OTHER_PASSWORD, PASSWORD } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { call, enter, startInstance, type Instance, type Reply } from '../support/instance.ts'

t.setTimeout(300_000)
const ROUNDS = 50

const cheap = { DATABASE_URL: await freshDatabase(t, { engine: 'postgres' }), RATE_LIMIT: 'off', ARGON2_QUEUE: '1000' }
const one = await startInstance(t, cheap)
/** Asks more of a hash than the other, so that each first sign-in here replaces the stored one. */
const two = await startInstance(t, { ...cheap, ARGON2_MEMORY_KIB: '128' })
const admin = await enter(one, ADMIN_EMAIL, PASSWORD)

const login = (instance: Instance, email: string, password: string) =>
  call(instance, 'POST', '/api/v1/auth/login', { email, password, delivery: 'body' })

/** A user for one round; the password is hashed as the first instance does. */
async function newUser(name: string, round: number) {
  const email = `${name}${round}@example.com`
  await call(one, 'POST', '/api/v1/auth/register', { email, password: PASSWORD })
  const { id, access, refresh } = await enter(one, email, PASSWORD)
  const before: Reply = { status: 200, body: { access_token: access, refresh_token: refresh } }
  return { email, id, access, before }
}

/** What of a sign-in that came through still works, anywhere. */
async function alive({ status, body }: Reply): Promise<string[]> {
  if (status !== 200) return []
  const refreshed = await call(two, 'POST', '/api/v1/auth/refresh', { refresh_token: body['refresh_token'] })
  const seen = await Promise.all(
    [one, two].map((instance) => call(instance, 'GET', '/api/v1/users/me', undefined, String(body['access_token'])))
  )
  return [
    ...(refreshed.status === 200 ? ['its refresh token'] : []),
    ...(seen.some((reply) => reply.status === 200) ? ['its access token'] : [])
  ]
}

/** Entries reach the other instance by themselves; that they do so in time is shown elsewhere. */
const announced = () => new Promise((resolve) => setTimeout(resolve, 150))

t.test('disabling during sign-ins leaves no session, neither of theirs nor from before', async (t) => {
  const left = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const { id, email, before } = await newUser('disabled', round)
    const [, ...signIns] = await Promise.all([
      call(one, 'PATCH', `/api/v1/users/${id}`, { disabled: true }, admin.access),
      login(one, email, PASSWORD),
      login(two, email, PASSWORD)
    ])
    await announced()
    for (const signIn of [before, ...signIns]) for (const what of await alive(signIn)) left.add(what)
  }
  t.strictSame([...left], [], `in ${ROUNDS} rounds`)
})

t.test(
  'a password change during sign-ins, one of which replaces the hash, leaves no other session and no old password',
  async (t) => {
    const left = new Set<string>()
    let changed = 0
    for (let round = 0; round < ROUNDS; round++) {
      const { email, access, before } = await newUser('changed', round)
      const body = { current_password: PASSWORD, new_password: OTHER_PASSWORD }
      const change = () => call(one, 'POST', '/api/v1/auth/password', body, access)
      const [first, ...signIns] = await Promise.all([
        change(),
        login(one, email, PASSWORD),
        login(two, email, PASSWORD)
      ])
      // A hash that was replaced in between is no longer the one that was verified: it is asked for once more.
      const done = first.status === 200 ? first : await change()
      if (done.status === 200) changed++
      await announced()
      for (const signIn of [before, ...signIns]) for (const what of await alive(signIn)) left.add(what)
      if ((await login(two, email, PASSWORD)).status !== 401) left.add('the old password')
      if ((await login(two, email, OTHER_PASSWORD)).status !== 200) left.add('not the new password')
    }
    t.equal(changed, ROUNDS)
    t.strictSame([...left], [], `in ${ROUNDS} rounds`)
  }
)
