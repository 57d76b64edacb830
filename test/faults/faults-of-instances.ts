import { setTimeout as sleep } from 'node:timers/promises'
import { BOTH, forAWhile, nothing, pastBound, type Fault, type Scene } from './fault.ts'
import type { InstanceNumber } from './history.ts'

const AN_HOUR = 3_600_000
/** Milliseconds by which every answer of PostgreSQL is late, so that something is in flight whenever a signal comes. */
const SLOW = 100
/** Milliseconds; a little less than what the service waits for anything. */
const JOURNAL_HELD = 850

/** Those that do not run. */
export const startMissing = async ({ stage }: Pick<Scene, 'stage'>) => {
  await Promise.all(BOTH.filter((each) => !stage.isRunning(each)).map((each) => stage.start(each)))
}

async function drain({ stage, drains }: Scene, instance: InstanceNumber): Promise<void> {
  const at = performance.now()
  drains.push({ instance, at, exitCode: await stage.end(instance, 'SIGTERM') })
}

/** @param cut whether the process comes back to broken connections, and to nothing of what was announced meanwhile */
function paused(name: string, lasts: Fault['lasts'], cut = false): Fault {
  return {
    name,
    recoversFrom: 'the process goes on',
    lasts,
    async begin({ stage, target }) {
      stage.signal(target, 'SIGSTOP')
      if (cut) await stage.links[target].suffer({ kind: 'half-open', which: 'all' })
    },
    async end({ stage, target, driver }) {
      await stage.links[target].suffer(cut ? { kind: 'cut', then: 'accept' } : { kind: 'pass' })
      // Some wait for the process before it has run a line, and before any timer of it has; some come at once after.
      const waiting = driver.probeDead(target)
      await sleep(20)
      stage.signal(target, 'SIGCONT')
      await Promise.all([waiting, driver.probeDead(target)])
    }
  }
}

/**
 * What comes before the deny-list has been read must not find it empty, and everybody let in. The journal cannot be read
 * for a while from when the instance first talks to PostgreSQL, so that everything else at its start is done before.
 */
async function trafficDuringStart({ stage, target, driver }: Scene): Promise<void> {
  const link = stage.links[target]
  await stage.end(target, 'SIGKILL')
  await link.suffer({ kind: 'late', milliseconds: 30 })
  const started = { yet: false }
  const starting = stage.start(target).then(() => (started.yet = true))
  const holding = stage.query(async (sql) => {
    while (link.connections === 0) await sleep(2)
    await sql.begin(async (held) => {
      await held`lock table revocations in access exclusive mode`
      await sleep(JOURNAL_HELD)
    })
  })
  while (!started.yet) {
    await driver.probeDead(target, 10)
    await sleep(15)
  }
  await Promise.all([starting, holding, driver.probeDead(target)])
  await link.suffer({ kind: 'pass' })
}

/** What can happen to the processes and to their machine. */
export const INSTANCE_FAULTS: readonly Fault[] = [
  {
    name: 'kill-one',
    recoversFrom: 'the process listens again',
    lasts: () => 300,
    async begin({ stage, target }) {
      await stage.end(target, 'SIGKILL')
    },
    end: startMissing
  },
  {
    name: 'kill-both',
    recoversFrom: 'both processes listen again',
    lasts: () => 100,
    async begin({ stage }) {
      await Promise.all(BOTH.map((each) => stage.end(each, 'SIGKILL')))
    },
    end: startMissing
  },
  {
    name: 'rolling-restart',
    recoversFrom: 'both processes have been replaced',
    lasts: () => 300,
    async begin(scene) {
      const { stage, random } = scene
      for (const instance of random.shuffled(BOTH)) {
        await stage.links[instance].suffer({ kind: 'late', milliseconds: SLOW })
        await sleep(SLOW * 3)
        await drain(scene, instance)
        await stage.links[instance].suffer({ kind: 'pass' })
        await stage.start(instance)
      }
    },
    end: nothing
  },
  paused('pause-past-bound', pastBound),
  paused('pause-past-bound-link-cut', pastBound, true),
  paused('pause-within-bound', (bound) => bound / 2),
  {
    name: 'clock-ahead-and-back',
    recoversFrom: 'the clock is right again',
    lasts: forAWhile,
    async begin({ stage, target }) {
      await stage.setClock(target, AN_HOUR)
    },
    async end({ stage, target }) {
      await stage.setClock(target, 0)
      await sleep(100)
      await stage.setClock(target, -AN_HOUR)
      await sleep(500)
      await stage.setClock(target, 0)
    }
  },
  {
    // By a clock that was set back, no view grows old.
    name: 'clock-back-link-refused',
    recoversFrom: 'the clock is right and the link is whole again',
    lasts: pastBound,
    async begin({ stage, target }) {
      await stage.links[target].suffer({ kind: 'cut', then: 'refuse' })
      await stage.setClock(target, -AN_HOUR)
    },
    async end({ stage, target, driver }) {
      await driver.probeDead(target)
      await stage.setClock(target, 0)
      await stage.links[target].suffer({ kind: 'pass' })
    }
  },
  {
    name: 'traffic-during-start',
    recoversFrom: 'the process listens again',
    lasts: () => 0,
    begin: nothing,
    end: trafficDuringStart
  }
]
