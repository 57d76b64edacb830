import t from 'tap'
import { PASSWORD } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { call, startInstance } from '../support/instance.ts'

t.setTimeout(300_000)

t.test('what is in flight at SIGTERM is answered, and the process ends with 0', async (t) => {
  const slow = { ARGON2_MEMORY_KIB: '65536', ARGON2_TIME_COST: '6' }
  const instance = await startInstance(t, { DATABASE_URL: await freshDatabase(t), ...slow })
  const started = Array.from({ length: 4 }, (_, i) =>
    call(instance, 'POST', '/api/v1/auth/register', { email: `late${i}@example.com`, password: PASSWORD })
  )
  // Once the first is answered, the others are still being hashed.
  await Promise.race(started)
  const ended = instance.end('SIGTERM')
  t.strictSame(
    (await Promise.all(started)).map(({ status }) => status),
    [201, 201, 201, 201]
  )
  t.equal(await ended, 0)
})
