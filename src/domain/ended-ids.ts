import { createUuidTable } from './uuid-table.ts'

/** Ids of tokens or sessions that are over, each with the second until which that is of interest: 1 to 2³² − 1. */
export interface EndedIds {
  /** Takes an id in, or raises its time. */
  raise(id: string, seconds: number): void
  /** Makes no garbage. */
  has(id: string): boolean
  /** Drops those of a part (0 to PARTS − 1) whose time is `seconds` or before. */
  drop(part: number, seconds: number): void
  /** As `entries` of a UuidTable. */
  entries(): Iterable<readonly [id: string, seconds: number]>
  readonly size: number
}

/**
 * A compact table for the ids that the service makes, and a Map, three times as large, for any other text. No id is in
 * both: its text alone decides.
 */
export function createEndedIds(): EndedIds {
  const table = createUuidTable()
  const others = new Map<string, number>()

  return {
    raise(id, seconds) {
      if (!table.raise(id, seconds)) others.set(id, Math.max(others.get(id) ?? 0, seconds))
    },
    // An empty Map is not asked: it would read the whole id to make its hash.
    has: (id) => table.has(id) || (others.size > 0 && others.has(id)),
    drop(part, seconds) {
      table.drop(part, seconds)
      if (part === 0) for (const [id, until] of others) if (until <= seconds) others.delete(id)
    },
    *entries() {
      yield* table.entries()
      yield* others
    },
    get size() {
      return table.size + others.size
    }
  }
}
