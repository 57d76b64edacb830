import t from 'tap'
import { createRandom } from '../support/random.ts'
import { FAULTS } from './faults.ts'
import { lineOfRound, linesOfViolation } from './report.ts'
import { createRounds } from './round.ts'
import { boundsOf, setStage } from './stage.ts'

// The short form: every fault once. The long form is `npm run test:faults`. Over PostgreSQL, whichever engine the run is
// about: an embedded database has no link that can fail, and no second instance.
t.setTimeout(600_000)
const SEED = 20_261_125
const STALENESS_SECONDS = 2
const WORKERS = 4
/** The long form holds the service to two seconds; here, other tests have the machine at the same time. */
const RECOVERY_MILLISECONDS = 10_000

const random = createRandom(SEED)
const stage = await setStage(t, { REVOCATION_MAX_STALENESS: `${STALENESS_SECONDS}s` })
const rounds = createRounds(
  stage,
  random,
  { ...boundsOf(STALENESS_SECONDS), recoveryMilliseconds: RECOVERY_MILLISECONDS },
  WORKERS
)
t.teardown(() => {
  rounds.close()
})

for (const fault of random.shuffled(FAULTS)) {
  t.test(`${fault.name}: nothing acknowledged is lost, and nothing revoked is accepted after the bound`, async (t) => {
    const round = await rounds.play(fault)
    t.comment(lineOfRound(round))
    t.strictSame(round.verdict.violations.flatMap(linesOfViolation), [])
  })
}

t.test('what was acknowledged before a fault is what it was after all the others', async (t) => {
  t.strictSame(await rounds.alteredSince(), [])
})
