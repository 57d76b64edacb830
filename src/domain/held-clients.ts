import type { ClientRecord } from './records.ts'

/** What the database said of a secret that it found right. Times are its own, in milliseconds since the epoch. */
export interface ProvenClient {
  readonly client: ClientRecord
  readonly now: number
  /** Until then nothing is to be written down when the secret is used once more. */
  readonly quietUntil: number
}

/** Clients whose secret the database has found right a moment ago, so that it need not be asked at each of their requests. */
export interface HeldClients {
  /**
   * Whose secret has this SHA-256; null where the database is to be asked, which alone says no. `now` is the database's time
   * in milliseconds since the epoch.
   *
   * The hash is looked up, not compared in constant time: how long that takes may tell something of the hash of a secret, from
   * which nobody comes to 256 random bits.
   */
  find(clientId: string, secretHash: Buffer, now: number): ClientRecord | null
  /** Begins to ask the database: the result takes in that it found the secret right, unless somebody was to be forgotten meanwhile. */
  begin(): (secretHash: Buffer, proven: ProvenClient) => void
  /** Something about the client has changed, or was taken from it. */
  forget(clientId: string): void
  forgetAll(): void
}

/** Clients that are held at most; the one proven longest ago goes first. With five permissions each they take 15 MB. */
export const MOST_HELD = 10_000
/**
 * The longest that one answer of the database is relied on. Entries of the journal are kept for more than an hour, by the same
 * clock: one that no reading finds any more, however long there was none, is about nobody who is still held.
 */
const LONGEST_MILLISECONDS = 60_000

export function createHeldClients(): HeldClients {
  const held = new Map<string, { readonly client: ClientRecord; readonly until: Map<string, number> }>()
  let forgotten = 0

  return {
    find(clientId, secretHash, now) {
      const found = held.get(clientId)
      const until = found?.until.get(nameOf(secretHash))
      return found !== undefined && until !== undefined && now < until ? found.client : null
    },
    begin() {
      // A statement may have looked before a change, and its answer come after the change was heard. What was heard before it
      // began, it has seen: entries are announced and read once they are committed.
      const before = forgotten
      return (secretHash, { client, now, quietUntil }) => {
        if (forgotten !== before) return
        const until = held.get(client.id)?.until ?? new Map<string, number>()
        const name = nameOf(secretHash)
        // Of many statements at once, one writes that the secret was used: the others, whose answers may come later, do not know.
        until.set(name, Math.max(until.get(name) ?? 0, Math.min(quietUntil, now + LONGEST_MILLISECONDS)))
        held.delete(client.id)
        held.set(client.id, { client, until })
        const [longest] = held.keys()
        if (held.size > MOST_HELD && longest !== undefined) held.delete(longest)
      }
    },
    forget(clientId) {
      forgotten += 1
      held.delete(clientId)
    },
    forgetAll() {
      forgotten += 1
      held.clear()
    }
  }
}

const nameOf = (secretHash: Buffer) => secretHash.toString('base64')
