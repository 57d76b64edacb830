import { setTimeout as sleep } from 'node:timers/promises'
import type { Acts, Person } from './acts.ts'
import type { Recovery } from './evidence.ts'
import type { InstanceNumber } from './history.ts'

/** Milliseconds between two tries, which do not wait for each other: one that hangs must not hide that the next is good. */
const TRY_EVERY = 50
const WATCHED_FOR = 10_000

/** Measures from now until an instance has answered somebody's sign-in and then a protected request. */
export async function watchRecovery(acts: Acts, instance: InstanceNumber, person: Person): Promise<Recovery> {
  const from = performance.now()
  const answered: number[] = []
  const tries: Promise<void>[] = []
  const attempt = async () => {
    const tokens = await acts.signIn(instance, person)
    if (tokens === null || (await acts.probe(instance, person, tokens)).outcome !== 'ok') return
    answered.push(performance.now() - from)
  }
  while (answered.length === 0 && performance.now() - from < WATCHED_FOR) {
    tries.push(attempt())
    await sleep(TRY_EVERY)
  }
  await Promise.all(tries)
  return { instance, subject: person.email, from, milliseconds: answered[0] ?? null }
}
