/** What several rounds gave: the median, and the quartiles between which half of them lie. */
export interface Spread {
  readonly low: number
  readonly median: number
  readonly high: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const quantile = (share: number) => {
    const at = (sorted.length - 1) * share
    const [below = NaN, above = below] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]]
    return below + (above - below) * (at - Math.floor(at))
  }
  return { low: quantile(0.25), median: quantile(0.5), high: quantile(0.75) }
}

/**
 * Of each round by itself, because its two halves ran next to each other: what disturbed the one disturbed the other, and
 * a machine that gets slower in the course of the rounds shows in neither.
 */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Spread {
  return spreadOf(ours.map((value, round) => value / (theirs[round] ?? NaN)))
}

export function milliseconds(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

/** The same ones in each round, each of them first, second and last equally often. */
export const inTurn = <Item>(items: readonly Item[], round: number): readonly Item[] =>
  items.map((_, at) => items[(at + round) % items.length]).filter((item) => item !== undefined)
