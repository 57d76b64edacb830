import { createRevocationIndex, type Revocation } from '../../src/domain/revocation-index.ts'
import type { Random } from './random.ts'
import { uuidFrom } from './uuids.ts'

export function entry(kind: Revocation['kind'], id: string, more: Partial<Revocation> = {}): Revocation {
  return { kind, id, staleBelow: null, revokedBelow: null, until: 1000, ...more }
}

export function indexOf(...entries: readonly Revocation[]) {
  const index = createRevocationIndex()
  for (const each of entries) index.apply(each)
  return index
}

export const KINDS = ['token', 'session', 'subject', 'client', 'key'] as const

/** Ids of the service, and texts that are none of its: other versions, other cases, other things. */
export const someIds = (random: Random, count: number) =>
  Array.from({ length: count }, (_, at) => {
    const id = uuidFrom(random)
    return [id, id, id.toUpperCase(), `urn:uuid:${id}`, `job-${at}`, id.replace(/-[47]/, '-1'), ''][at % 7] ?? id
  })

export function someEntry(random: Random, ids: readonly string[], from: number): Revocation {
  const kind = random.pick(KINDS)
  const [staleBelow, revokedBelow] = [random.pick([null, random.below(9)]), random.pick([null, random.below(9)])]
  const until = from + random.pick([random.below(3000), random.below(100_000), 1e15])
  return entry(kind, ids[random.below(ids.length)] ?? '', { staleBelow, revokedBelow, until })
}
