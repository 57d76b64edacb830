import { setTimeout as sleep } from 'node:timers/promises'
import { ADMIN_EMAIL, PASSWORD } from '../support/app.ts'
import type { Random } from '../support/random.ts'
import { createActs, type Person } from './acts.ts'
import { askAtRest } from './ask-at-rest.ts'
import { check, type Verdict } from './checker.ts'
import { createClient, tokensOf, type Client } from './client.ts'
import { startDriver } from './driver.ts'
import type { Bounds, Drain, Recovery } from './evidence.ts'
import { BOTH, type Fault } from './fault.ts'
import { startMissing } from './faults-of-instances.ts'
import { createHistory } from './history.ts'
import { createLedger, readUsers, untilQuiet } from './read-at-rest.ts'
import { watchRecovery } from './recovery.ts'
import type { Stage } from './stage.ts'

export interface Round {
  readonly name: string
  readonly fault: string
  readonly verdict: Verdict
  /** Milliseconds; null where an instance did not come back while it was watched. */
  readonly longestRecovery: number | null
  readonly operations: number
}

export interface Rounds {
  /** Lets people work, lets the fault happen, lets the service come back, and judges what was seen. */
  play(fault: Fault): Promise<Round>
  /** Looks at the accounts of all rounds once more. */
  alteredSince(): Promise<readonly string[]>
  close(): void
}

/** The longest that a client waits for an answer: longer than the service lets anything take. */
const PATIENCE_MILLISECONDS = 6000
/** Before a fault there are so many revocations to be kept, and it has been so long. */
const LEAST_DEAD = 3
const LEAD_MILLISECONDS = 300
const AFTER_MILLISECONDS = 200
/** Earlier rounds whose accounts are looked at again after each round; all are at the end. */
const LOOKED_AT_AGAIN = 3
const MOST_FORMERLY_DEAD = 200

/** @param workers people who are at work at the same time */
export function createRounds(stage: Stage, random: Random, bounds: Bounds, workers: number): Rounds {
  const client = createClient(PATIENCE_MILLISECONDS)
  const ledger = createLedger()
  /** Access tokens that were revoked, the last round's first: by the next but one, no bound matters any more. */
  let deadOfLast: readonly string[] = []
  let formerlyDead: readonly string[] = []
  let played = 0

  return {
    async play(fault) {
      const name = `r${++played}`
      const history = createHistory()
      const portOf = (instance: 0 | 1) => stage.ports[instance]
      const asking = { client, history, portOf, adminToken: await signInAdmin(client, stage.ports) }
      const acts = createActs(asking)
      const watch: Person = { email: `${name}-watch@example.com`, id: null, password: PASSWORD }
      await acts.register(0, watch)
      const bound = bounds.stalenessMilliseconds
      const driver = startDriver({ acts, random, name, workers, bound, formerlyDead })
      const drains: Drain[] = []
      const recoveries: Recovery[] = []
      try {
        await sleep(LEAD_MILLISECONDS)
        for (let tries = 0; driver.dead.length < LEAST_DEAD; tries++) {
          if (tries === 500) throw new Error('Nothing is revoked although there is no fault.')
          await sleep(10)
        }
        const [target, other] = random.pick([
          [0, 1],
          [1, 0]
        ] as const)
        const scene = { stage, acts, driver, random, target, other, bound, drains }
        await fault.begin(scene)
        await sleep(fault.lasts(bound))
        await fault.end(scene)
        recoveries.push(...(await Promise.all(BOTH.map((instance) => watchRecovery(acts, instance, watch)))))
        await sleep(AFTER_MILLISECONDS)
      } finally {
        await driver.stop()
      }
      const crashes = stage.takeCrashes()
      // One that does not come back would hide what the next fault does.
      for (const { instance, milliseconds } of recoveries)
        if (milliseconds === null && stage.isRunning(instance)) await stage.end(instance, 'SIGKILL')
      await startMissing({ stage })
      const atRest = await stage.query(async (sql) => {
        const openTransactions = await untilQuiet(sql)
        await askAtRest(createActs({ ...asking, atRest: true }), random, history.operations)
        const users = await readUsers(sql, name)
        const altered = await ledger.altered(sql, random.shuffled(ledger.names).slice(0, LOOKED_AT_AGAIN))
        await ledger.enter(sql, name)
        return { users, openTransactions, altered }
      })
      formerlyDead = [...deadOfLast, ...formerlyDead].slice(0, MOST_FORMERLY_DEAD)
      deadOfLast = driver.dead.map(({ tokens }) => tokens.access)
      const verdict = check({ operations: history.operations, atRest, recoveries, drains, crashes }, bounds)
      return {
        name,
        fault: fault.name,
        verdict,
        longestRecovery: longest(recoveries),
        operations: history.operations.length
      }
    },
    alteredSince: () => stage.query((sql) => ledger.altered(sql)),
    close: () => client.close()
  }
}

function longest(recoveries: readonly Recovery[]): number | null {
  const all = recoveries.map(({ milliseconds }) => milliseconds)
  return all.includes(null) ? null : Math.max(...all.map((each) => each ?? 0))
}

/** @throws Error where no administrator can sign in, although there is no fault */
async function signInAdmin(client: Client, ports: Stage['ports']): Promise<string> {
  const body = { email: ADMIN_EMAIL, password: PASSWORD, delivery: 'body' }
  const answer = await client.send(ports[0], 'POST', '/api/v1/auth/login', { body })
  const tokens = tokensOf(answer)
  if (tokens === null) throw new Error(`The administrator cannot sign in: ${answer.text}`)
  return tokens.access
}
