import { readUuid, tailOfUuid, textOfUuid } from './uuid-text.ts'

/** UUIDs, each with a whole number of seconds from 1 to 2³² − 1, in 27 to 33 bytes. */
export interface UuidTable {
  /** Takes an id in, or raises its time; false, and nothing done, where such a table cannot hold it. */
  raise(id: string, seconds: number): boolean
  /** Makes no garbage. */
  has(id: string): boolean
  /** Drops those of a part (0 to PARTS − 1) whose time is `seconds` or before, and gives their memory back. */
  drop(part: number, seconds: number): void
  /**
   * Ids and times. The table may change while they are taken: an id that is there at the beginning and stays is given
   * once, with the time of the beginning or a later one; of what comes and goes meanwhile some is given.
   */
  entries(): Iterable<readonly [id: string, seconds: number]>
  readonly size: number
}

/** Each is copied by itself when it grows or shrinks, so that the process never stops for long: at a million, 16,000 ids. */
export const PARTS = 64
const FEWEST_SLOTS = 16
/** Beyond, chains get long: at this load a question that finds nothing reads 8.5 slots. */
const HIGHEST_LOAD = 0.75
/** Of a copy. A part that grows is copied five times in all, and a slot has 20 bytes. */
const LOAD_OF_COPY = 0.6

/**
 * Open addressing with linear probing. What a question that finds nothing reads, the last words of the ids, lies by itself,
 * so that a chain is a cache line or two; there 0 is an empty slot.
 */
interface Slots {
  readonly tails: Int32Array
  /** The other three words of each id. */
  readonly heads: Int32Array
  readonly seconds: Uint32Array
  taken: number
}

/** The id that was read last. One for all, because nothing here waits. */
const words = new Int32Array(4)

export function createUuidTable(): UuidTable {
  const parts = new Array<Slots | undefined>(PARTS).fill(undefined)
  let size = 0

  return {
    raise(id, seconds) {
      if (!readUuid(id, words)) return false
      const tail = words[3] ?? 0
      // It looks like an empty slot. One id in four thousand million does.
      if (tail === 0) return false
      const part = partOf(tail)
      let slots = (parts[part] ??= createSlots(0))
      const at = find(slots, tail, id)
      if (at >= 0) {
        slots.seconds[at] = Math.max(slots.seconds[at] ?? 0, seconds)
        return true
      }
      if (slots.taken + 1 > slots.tails.length * HIGHEST_LOAD) slots = parts[part] = copyOf(slots, slots.taken, 0)
      put(slots, tail, words, 0, seconds)
      size += 1
      return true
    },
    has(id) {
      if (size === 0) return false
      const tail = tailOfUuid(id)
      const slots = parts[partOf(tail)]
      return slots !== undefined && find(slots, tail, id) >= 0
    },
    drop(part, seconds) {
      const slots = parts[part]
      // Also what is not a number drops nothing; and an empty slot has the time 0.
      if (slots === undefined || !(seconds >= 1)) return
      const left = countAfter(slots, seconds)
      if (left === slots.taken) return
      size -= slots.taken - left
      parts[part] = left === 0 ? undefined : copyOf(slots, left, seconds)
    },
    *entries() {
      for (let part = 0; part < PARTS; part += 1) {
        const slots = parts[part]
        if (slots !== undefined) yield* entriesOf(slots)
      }
    },
    get size() {
      return size
    }
  }
}

const partOf = (tail: number) => tail & (PARTS - 1)

/**
 * Where the search for an id begins. The last word is random in both versions (in version 7 the first are the time, and
 * alike); the multiplication spreads ids that somebody counted up by hand, too. There is no secret in it, because nobody
 * chooses an id: they are the service's random numbers. Who keeps only those of his own that fall next to each other needs
 * some two million sign-ins for a thousand in a row among a million, and delays one question in two thousand by a
 * microsecond.
 */
const homeOf = (tail: number, slots: number) => Math.floor((Math.imul(tail, 0x9e3779b1) >>> 0) * slots * 2 ** -32)

function createSlots(ids: number): Slots {
  const slots = Math.max(FEWEST_SLOTS, Math.ceil(ids / LOAD_OF_COPY))
  return {
    tails: new Int32Array(slots),
    heads: new Int32Array(slots * 3),
    seconds: new Uint32Array(slots),
    taken: 0
  }
}

/** -1 where the id is not. */
function find({ tails, heads }: Slots, tail: number, id: string): number {
  for (let at = homeOf(tail, tails.length); ; at = at + 1 === tails.length ? 0 : at + 1) {
    const found = tails[at]
    if (found === 0) return -1
    // Only now it pays to look at the whole text, which may be no UUID, or one in upper case, which is another id.
    if (found === tail && readUuid(id, words) && isHead(heads, at * 3)) return at
  }
}

const isHead = (heads: Int32Array, at: number) =>
  heads[at] === words[0] && heads[at + 1] === words[1] && heads[at + 2] === words[2]

/** Puts an id that is not there into the first empty slot, of which there is always one. Moves no other. */
function put(slots: Slots, tail: number, head: Int32Array, from: number, seconds: number): void {
  const { tails, heads } = slots
  let at = homeOf(tail, tails.length)
  while (tails[at] !== 0) at = at + 1 === tails.length ? 0 : at + 1
  tails[at] = tail
  heads[at * 3] = head[from] ?? 0
  heads[at * 3 + 1] = head[from + 1] ?? 0
  heads[at * 3 + 2] = head[from + 2] ?? 0
  slots.seconds[at] = seconds
  slots.taken += 1
}

function countAfter({ seconds }: Slots, last: number): number {
  let count = 0
  // Nine times as fast as for-of, and most of what there is to do in a part of which nothing is over.
  for (let at = seconds.length - 1; at >= 0; at -= 1) if ((seconds[at] ?? 0) > last) count += 1
  return count
}

/**
 * The `ids` ids whose time is after `last`, in slots of their own. Ids change places in copies only: whoever is walking
 * through the slots that were copied goes on in those, and misses none.
 */
function copyOf({ tails, heads, seconds }: Slots, ids: number, last: number): Slots {
  const copy = createSlots(ids)
  for (let at = 0; at < tails.length; at += 1) {
    const tail = tails[at] ?? 0
    const until = seconds[at] ?? 0
    if (tail !== 0 && until > last) put(copy, tail, heads, at * 3, until)
  }
  return copy
}

function* entriesOf({ tails, heads, seconds }: Slots): Generator<readonly [string, number]> {
  for (let at = 0; at < tails.length; at += 1) {
    const tail = tails[at] ?? 0
    const head = at * 3
    if (tail === 0) continue
    yield [textOfUuid(heads[head] ?? 0, heads[head + 1] ?? 0, heads[head + 2] ?? 0, tail), seconds[at] ?? 0]
  }
}
