// npm run test:pooler: two instances behind PgBouncer in transaction mode, with REVOCATION_SYNC=poll.
import { findPgbouncer } from './pgbouncer.ts'
import { pooledJourney } from './journey.ts'

let passed = 0
let failed = 0

async function attempt(name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run()
    passed++
    console.log(`ok - ${name}`)
  } catch (error) {
    failed++
    console.log(`not ok - ${name}\n${String(error instanceof Error ? error.stack : error).replaceAll(/^/gm, '    ')}`)
  }
}

const found = findPgbouncer()
if (found === null) {
  failed++
  console.log('PgBouncer is not installed. On Debian: apt-get install pgbouncer')
} else {
  console.log(found.version)
  const teardowns: (() => unknown)[] = []
  const t = { teardown: (what: () => unknown) => teardowns.push(what) }
  await attempt('two instances start at once over an empty database, and everything ends', async () => {
    try {
      for (const { name, run } of await pooledJourney(t, found)) await attempt(name, run)
    } finally {
      for (const end of teardowns.reverse()) await end()
    }
  })
}

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
