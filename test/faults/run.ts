// npm run test:faults -- --seed N --duration 10m [--fault NAME] [--sync listen|poll]
// The fault harness: round after round until the time is up, then a table. Exits 1 where a promise was not kept, and prints
// the part of the history that shows it.
// The short form, `--once`, has each fault once. `--recovery` says within how many seconds the service is to be back: two,
// but a machine that does other work may be given more.
import { parseArgs } from 'node:util'
import { createRandom } from '../support/random.ts'
import type { Test } from '../support/database.ts'
import { sweepScratch } from '../support/scratch.ts'
import { runScript } from '../support/script.ts'
import { faultNamed, faultsFor } from './faults.ts'
import { lineOfRound, linesOfViolation, table } from './report.ts'
import { createRounds, type Round } from './round.ts'
import { boundsOf, setStage, type Settings } from './stage.ts'

const WORKERS = 6

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    duration: { type: 'string', default: '10m' },
    fault: { type: 'string' },
    sync: { type: 'string', default: 'listen' },
    staleness: { type: 'string', default: '2' },
    recovery: { type: 'string', default: '2' },
    once: { type: 'boolean', default: false }
  }
})
const seed = Number(values.seed)
const sync = values.sync === 'poll' ? 'poll' : 'listen'
const duration = millisecondsOf(values.duration)
const stalenessSeconds = Number(values.staleness)
const bounds = { ...boundsOf(stalenessSeconds), recoveryMilliseconds: Number(values.recovery) * 1000 }

let stopped = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => (stopped = true))
await runScript(main)

async function main(t: Test): Promise<{ readonly failed: boolean }> {
  sweepScratch()
  const random = createRandom(seed)
  const faults = values.fault === undefined ? faultsFor(sync) : values.fault.split(',').map(faultNamed)
  const settings: Settings = { REVOCATION_SYNC: sync, REVOCATION_MAX_STALENESS: `${stalenessSeconds}s` }
  const stage = await setStage(t, settings)
  console.log(`seed ${seed}, ${sync}, ${stalenessSeconds} s of staleness, PostgreSQL ${stage.server.binaries.version}`)
  const rounds = createRounds(stage, random, bounds, WORKERS)
  const played: Round[] = []
  const from = performance.now()
  const isOver = () => stopped || (values.once ? played.length === faults.length : performance.now() - from > duration)
  while (!isOver()) {
    for (const fault of random.shuffled(faults)) {
      if (isOver()) break
      const round = await rounds.play(fault)
      played.push(round)
      console.log(lineOfRound(round))
      for (const violation of round.verdict.violations.slice(0, 5)) {
        for (const line of linesOfViolation(violation)) console.log(`    ${line}`)
      }
    }
  }
  const altered = await rounds.alteredSince()
  for (const what of altered) console.log(`FAIL  ${what} are not what they were`)
  console.log(table(played))
  const broken = played.filter(({ verdict }) => verdict.violations.length > 0).length + (altered.length > 0 ? 1 : 0)
  console.log(`${played.length + 1 - broken} passed, ${broken} failed`)
  return { failed: broken > 0 }
}

function millisecondsOf(text: string): number {
  const [, count, unit] = /^(\d+)([smh])$/.exec(text) ?? []
  if (count === undefined) throw new Error(`--duration is ${text}; it can be 90s, 10m or 2h`)
  return Number(count) * (unit === 'h' ? 3_600_000 : unit === 'm' ? 60_000 : 1000)
}
