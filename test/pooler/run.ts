// npm run test:pooler: two instances behind PgBouncer in transaction mode, with REVOCATION_SYNC=poll.
import { createAttempts } from '../support/attempts.ts'
import { createTeardown } from '../support/script.ts'
import { pooledJourney } from './journey.ts'
import { findPgbouncer } from './pgbouncer.ts'

const { attempt, close } = createAttempts()

await attempt('two instances start at once over an empty database, and everything ends', async () => {
  const found = findPgbouncer()
  if (found === null) throw new Error('PgBouncer is not installed. On Debian: apt-get install pgbouncer')
  console.log(found.version)
  const teardown = createTeardown()
  try {
    for (const { name, run } of await pooledJourney(teardown, found)) await attempt(name, run)
  } finally {
    await teardown.run()
  }
})
close()
