export interface RecentTextsOptions {
  readonly mostEntries: number
  /** Of all that is kept, as `keep` was told. */
  readonly mostBytes: number
}

/** What was found out about texts that end in something random, such as a signature, for those that were seen lately. */
export interface RecentTexts<Value> {
  find(text: string): Value | undefined
  /** @param bytes what text and value take, about */
  keep(text: string, value: Value, bytes: number): void
  drop(text: string): void
  readonly size: number
  readonly bytes: number
}

interface Entry<Value> {
  readonly text: string
  readonly value: Value
  readonly bytes: number
  /** Asked for since it was put where it is. */
  asked: boolean
}

/** The share of the room in which a text has to be asked for once more before it is taken for one that comes again. */
const SHARE_OF_NEW = 0.1
/** So that making room for one never takes long, however many are marked. */
const MOST_CHANCES = 16
/**
 * Letters at the end by which a text is looked for, before all of it is compared: 256 bits in base64url. To look by all of it
 * would read every letter twice.
 */
const TAIL = 43

/**
 * A bounded cache in which texts that come only once push out nothing but each other: new ones wait in a queue of their own,
 * and only those that are asked for again while they wait get among the established ones, each of which has a second chance
 * there as well (S3-FIFO without its ghosts, SOSP 2023; the second chance is CLOCK). A text that is found moves nothing and
 * allocates nothing: it is marked, and the mark is read when room is made. Nothing is pushed out while there is room.
 */
export function createRecentTexts<Value>({ mostEntries, mostBytes }: RecentTextsOptions): RecentTexts<Value> {
  // Each in the order in which they came; no tail is in both.
  const fresh = new Map<string, Entry<Value>>()
  const established = new Map<string, Entry<Value>>()
  let bytes = 0
  let freshBytes = 0

  function forget(from: Map<string, Entry<Value>>, tail: string, entry: Entry<Value>): void {
    from.delete(tail)
    bytes -= entry.bytes
    if (from === fresh) freshBytes -= entry.bytes
  }

  /** Pushes one out, or gives one that was asked for its place among the established ones. */
  function makeRoom(): void {
    const newHaveTheirShare = fresh.size > SHARE_OF_NEW * mostEntries || freshBytes > SHARE_OF_NEW * mostBytes
    const from = newHaveTheirShare || established.size === 0 ? fresh : established
    let chances = 0
    for (const [tail, entry] of from) {
      forget(from, tail, entry)
      if (!entry.asked || ++chances > MOST_CHANCES) return
      entry.asked = false
      bytes += entry.bytes
      established.set(tail, entry)
      if (from === fresh) return
    }
  }

  function entryOf(text: string): Entry<Value> | undefined {
    const tail = tailOf(text)
    const entry = established.get(tail) ?? fresh.get(tail)
    return entry?.text === text ? entry : undefined
  }

  return {
    find(text) {
      const entry = entryOf(text)
      if (entry === undefined) return undefined
      entry.asked = true
      return entry.value
    },
    keep(text, value, size) {
      const tail = tailOf(text)
      for (const from of [fresh, established]) {
        const entry = from.get(tail)
        if (entry !== undefined) forget(from, tail, entry)
      }
      if (size > mostBytes * SHARE_OF_NEW) return
      fresh.set(tail, { text, value, bytes: size, asked: false })
      bytes += size
      freshBytes += size
      while (fresh.size + established.size > mostEntries || bytes > mostBytes) makeRoom()
    },
    drop(text) {
      const entry = entryOf(text)
      if (entry === undefined) return
      const tail = tailOf(text)
      forget(fresh.get(tail) === entry ? fresh : established, tail, entry)
    },
    get size() {
      return fresh.size + established.size
    },
    get bytes() {
      return bytes
    }
  }
}

const tailOf = (text: string) => text.slice(-TAIL)
