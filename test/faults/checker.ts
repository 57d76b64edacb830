import { accountsOf, type Bounds, type Drain, type Evidence, type Recovery, type Violation } from './evidence.ts'
import type { Operation } from './history.ts'
import { judgeAtRest } from './rules-at-rest.ts'
import { judgeInTime } from './rules-in-time.ts'

export interface Verdict {
  readonly violations: readonly Violation[]
  /** Milliseconds; 0 where nothing revoked was ever accepted. */
  readonly greatestLateness: number
  readonly acknowledged: number
  readonly unknown: number
  /** Things that were acknowledged and are not there. */
  readonly lost: number
}

/** A request that had begun so long before the signal was with the instance when it came; milliseconds. */
const ON_THE_WAY = 20

/**
 * Judges a round by everything that was seen of it. What is not known may have happened or not, now or later; nothing is
 * called wrong that could have come about in some order.
 */
export function check({ operations, atRest, recoveries, drains, crashes }: Evidence, bounds: Bounds): Verdict {
  const violations: Violation[] = []
  let greatestLateness = 0
  const stored = new Map(atRest.users.map((user) => [user.subject, user]))
  for (const account of accountsOf(operations)) {
    violations.push(
      ...judgeInTime(account, bounds, (lateness) => (greatestLateness = Math.max(greatestLateness, lateness))),
      ...judgeAtRest(account, stored.get(account.subject), bounds.graceMilliseconds)
    )
  }
  for (const what of atRest.openTransactions)
    violations.push({ rule: 'no transaction is left open', what, shownBy: [] })
  for (const what of atRest.altered) violations.push({ rule: 'what was at rest stays as it was', what, shownBy: [] })
  for (const what of crashes) violations.push({ rule: 'no instance ends by itself', what, shownBy: [] })
  for (const recovery of recoveries) violations.push(...judgeRecovery(operations, recovery, bounds))
  for (const drain of drains) violations.push(...judgeDrain(operations, drain))
  const count = (outcome: Operation['outcome']) => operations.filter((each) => each.outcome === outcome).length
  const lost = violations.filter(({ rule }) => rule.endsWith('is not lost')).length
  return { violations, greatestLateness, acknowledged: count('ok'), unknown: count('unknown'), lost }
}

/** What was in flight when an instance was told to end has its answer, and then it ends well. */
function* judgeDrain(operations: readonly Operation[], { instance, at, exitCode }: Drain): Generator<Violation> {
  const rule = 'what is in flight is answered before the end'
  const dropped = operations.filter(
    (each) =>
      each.instance === instance && each.start < at - ON_THE_WAY && each.end > at && each.answer.startsWith('broken')
  )
  if (dropped.length > 0) yield { rule, what: `${dropped.length} requests were not`, shownBy: dropped }
  if (exitCode !== 0) yield { rule, what: `the instance ended with ${exitCode ?? 'a signal'}`, shownBy: [] }
}

/** With everything that was tried meanwhile. */
function* judgeRecovery(
  operations: readonly Operation[],
  { instance, subject, from, milliseconds }: Recovery,
  { recoveryMilliseconds }: Bounds
): Generator<Violation> {
  if (milliseconds !== null && milliseconds <= recoveryMilliseconds) return
  const what = `instance ${instance + 1} took ${milliseconds === null ? 'too long' : `${milliseconds.toFixed(0)} ms`}`
  const shownBy = operations.filter(
    (each) => each.subject === subject && each.instance === instance && each.start >= from && !each.atRest
  )
  yield { rule: 'the service comes back in time, by itself', what, shownBy }
}
