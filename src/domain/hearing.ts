import type { Revocation } from './revocation-index.ts'

/** Whether what is announced is heard. */
export interface Hearing {
  /** An entry was announced. */
  heard(entry: Revocation): void
  /** A reading brought these entries, each for the first time. True where announcements of earlier ones never came. */
  missed(read: readonly Revocation[]): boolean
  /** Announcements are heard anew from now on: what was announced before is not waited for. */
  restart(): void
}

/** Readings that an announcement may come later than the entry was read: on a busy machine it is a little late. */
const PATIENCE = 3

/**
 * Finds a listener that has gone deaf, over a link that broke without a word: every entry is announced as it is committed, so
 * one that was only ever read was not heard. What is announced is remembered until a reading that began after it has come,
 * which is at most the next but one.
 */
export function createHearing(): Hearing {
  let lately = new Set<string>()
  let before = new Set<string>()
  const awaited = new Map<string, number>()

  return {
    heard(entry) {
      const name = nameOf(entry)
      if (!awaited.delete(name)) lately.add(name)
    },
    missed(read) {
      let deaf = false
      for (const [name, readings] of awaited) {
        if (readings >= PATIENCE) deaf = true
        awaited.set(name, readings + 1)
      }
      for (const name of read.map(nameOf)) if (!lately.has(name) && !before.has(name)) awaited.set(name, 1)
      before = lately
      lately = new Set()
      if (deaf) awaited.clear()
      return deaf
    },
    restart() {
      awaited.clear()
      lately.clear()
      before.clear()
    }
  }
}

const nameOf = ({ kind, id, until }: Revocation): string => `${kind} ${id} ${until}`
