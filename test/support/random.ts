/** Random choices that are the same in every run. */
export interface Random {
  /** A whole number from 0, below `below`. */
  below(below: number): number
  pick<Item>(items: readonly [Item, ...Item[]]): Item
  /** The same items in another order. */
  shuffled<Item>(items: readonly Item[]): Item[]
}

/** Mulberry32: small, and good enough to wander through inputs. */
export function createRandom(seed: number): Random {
  let state = seed
  const below = (bound: number) => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * bound)
  }
  return {
    below,
    pick: (items) => items[below(items.length)] ?? items[0],
    shuffled(items) {
      const left = [...items]
      return items.flatMap(() => left.splice(below(left.length), 1))
    }
  }
}
