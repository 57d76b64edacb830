import t from 'tap'
import { ADMIN_EMAIL, PASSWORD } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { call, enter, startInstance } from '../support/instance.ts'
import { keysIn, KEYS_OF_A_START } from '../support/key-count.ts'

t.setTimeout(300_000)

t.test('several instances start at once over an empty database, with one set of keys', async (t) => {
  const settings = { DATABASE_URL: await freshDatabase(t, { engine: 'postgres', migrated: false }) }
  const start = () => startInstance(t, settings)
  const instances = await Promise.all([start(), start(), start(), start()] as const)
  const [first] = instances
  const { access } = await enter(first, ADMIN_EMAIL, PASSWORD)
  for (const instance of instances) {
    t.equal((await call(instance, 'GET', '/health/ready')).status, 200)
    t.equal(
      (await call(instance, 'GET', '/api/v1/users', undefined, access)).status,
      200,
      'each verifies the tokens of all'
    )
  }
  t.equal(await keysIn(settings.DATABASE_URL), KEYS_OF_A_START)
})
