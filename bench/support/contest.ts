import type { Job } from '../load/exchange.ts'
import type { Load } from './fleet.ts'
import { inTurn } from './spread.ts'

export interface ContestOptions {
  /** What every contestant does in a round. */
  readonly count: number
  readonly rounds: number
  /** Rounds before them, whose figures are thrown away. */
  readonly warmUpRounds: number
}

/** Does `count` of it, and says how many milliseconds that took. */
export type Turn = (round: number, count: number) => Promise<number>

/** How often a second each contestant does it, by round; in each round every one of them has the machine to itself once. */
export async function contest<Name extends string>(
  turns: Readonly<Record<Name, Turn>>,
  { count, rounds, warmUpRounds }: ContestOptions
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const names = Object.keys(turns) as Name[]
  const rates = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = 0; round < warmUpRounds + rounds; round += 1) {
    for (const name of inTurn(names, round)) {
      const milliseconds = await turns[name](round, count)
      if (round >= warmUpRounds) rates[name].push((count / milliseconds) * 1000)
    }
  }
  return rates
}

/** The requests of a set that was prepared, sent in turn. */
export const underLoad =
  (load: Load, job: Omit<Job, 'count'>): Turn =>
  async (_round, count) =>
    (await load.run({ ...job, count })).milliseconds
