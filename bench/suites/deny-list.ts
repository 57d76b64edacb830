import type { Revocable } from '../../src/domain/revocation-index.ts'
import { DENY_LISTS, type Contender, type DenyList } from '../support/deny-lists.ts'
import { asParsed, idAt } from '../support/ids.ts'
import { liveBytes } from '../support/memory.ts'
import { inTurn, milliseconds, ratioOf, spreadOf } from '../support/spread.ts'
import { mustBe, type Cell, type Suite } from '../support/suite.ts'

/** The longest life of an access token: until when an entry is of interest is spread over it. */
const HOUR = 3600
/** Numbers from here on are of ids that nobody revoked. */
const UNKNOWN = 200_000_000
/** Entries that are taken in before the event loop gets its turn again. */
const AT_ONCE = 100
const WARM_UP_ROUNDS = 2

const SCALES = {
  full: { sizes: [100_000, 1_000_000], rounds: { questions: 24, lives: 6 }, questions: 20_000 },
  quick: { sizes: [20_000], rounds: { questions: 3, lives: 3 }, questions: 2_000 }
} as const

type Figures = Record<Contender, number[]>
const figures = (): Figures => ({ ours: [], inSteps: [], maps: [] })
const row = (what: string, values: Figures, ours: 'ours' | 'inSteps' = 'ours'): readonly Cell[] => [
  what,
  spreadOf(values[ours]),
  spreadOf(values.maps),
  ratioOf(values[ours], values.maps)
]

export default {
  about: [
    'The deny-list in memory, beside a plain `Map<string, number>` for tokens and one for sessions, in the same process and in interleaved rounds. Half of the entries are tokens (UUIDs of version 4), half are sessions (version 7, all of one hour).',
    'A question is what a guard asks of a token whose signature is good: is its `jti` revoked, is its `sid`. It is two look-ups in the Maps; in the index it also looks for a floor of its user, where there is none. Of the revoked ones half are found by `jti`. "Seen first": the ids have just been parsed, as those of a token that was not verified before. "Held": the same texts again, as those of a token that is kept after it was verified; a Map then finds their hash kept in them. Each answer is compared with the right one.',
    'Bytes are heap and external memory (typed arrays are a part of the latter) after garbage collection, the texts of the ids included where the list keeps them. A stop is the longest time in which the event loop got no turn, garbage collection included; entries are taken in a hundred a turn. "In steps" is how the service prunes: a sixty-fourth of the index about each second.'
  ],
  async run(scale) {
    const { sizes, rounds, questions } = SCALES[scale]
    const asked: (readonly Cell[])[] = []
    const lived: (readonly Cell[])[] = []
    for (const entries of sizes) asked.push(...measureQuestions(entries, rounds.questions, questions))
    for (const entries of sizes) lived.push(...(await measureLives(entries, rounds.lives)))
    const columns = ['index', 'Maps', 'index / Maps']
    return [
      { title: 'Nanoseconds a question', columns: ['live entries, token', ...columns], rows: asked },
      { title: 'Memory, growth, and stops of the event loop', columns: ['', ...columns], rows: lived }
    ]
  }
} satisfies Suite

function measureQuestions(entries: number, rounds: number, count: number): (readonly Cell[])[] {
  const lists = { ours: DENY_LISTS.ours(), maps: DENY_LISTS.maps() }
  for (const list of Object.values(lists)) fill(list, entries)
  return [false, true].flatMap((revoked) => {
    const [first, held] = [figures(), figures()]
    for (let round = 0; round < WARM_UP_ROUNDS + rounds; round += 1) {
      for (const which of inTurn(['ours', 'maps'] as const, round)) {
        const tokens = someTokens(count, revoked, entries, round)
        const times = [ask(lists[which], tokens, revoked), ask(lists[which], tokens, revoked)] as const
        if (round < WARM_UP_ROUNDS) continue
        first[which].push(times[0])
        held[which].push(times[1])
      }
    }
    const name = `${shown(entries)}, ${revoked ? 'revoked' : 'good'}`
    return [row(`${name}, seen first`, first), row(`${name}, held`, held)]
  })
}

/** Fills and empties, again and again. */
async function measureLives(entries: number, rounds: number): Promise<(readonly Cell[])[]> {
  const all = {
    bytes: figures(),
    left: figures(),
    load: figures(),
    growing: figures(),
    minute: figures(),
    half: figures()
  }
  for (let round = 0; round < 1 + rounds; round += 1) {
    for (const which of inTurn(['ours', 'inSteps', 'maps'] as const, round)) {
      const before = await liveBytes()
      const list = DENY_LISTS[which]()
      const { nanoseconds, longest } = fill(list, entries)
      const full = await liveBytes()
      const minute = list.prune(HOUR / 60)
      const half = list.prune(HOUR / 2)
      mustBe(list.size(), countAfter(entries, HOUR / 2), 'entries of the second half of the hour')
      list.prune(HOUR)
      mustBe(list.size(), 0, 'entries after the hour')
      const empty = await liveBytes()
      // Used once more, so that it was there until now.
      list.add(1, idAt(7, 1), HOUR)
      if (round === 0) continue
      all.bytes[which].push((full - before) / entries)
      all.left[which].push((empty - before) / 1024)
      all.load[which].push(nanoseconds / entries)
      all.growing[which].push(longest)
      all.minute[which].push(minute)
      all.half[which].push(half)
    }
  }
  const name = (what: string) => `${shown(entries)}: ${what}`
  return [
    row(name('bytes an entry'), all.bytes),
    // Next to nothing on either side, so that a ratio would say nothing.
    row(name('KiB left when all are over'), all.left).with(-1, ''),
    row(name('nanoseconds to take an entry in'), all.load),
    row(name('longest stop while growing, ms'), all.growing),
    row(name('stop to prune a minute of sixty, ms'), all.minute),
    row(name('the same in steps, longest, ms'), all.minute, 'inSteps'),
    row(name('stop to prune half of the entries, ms'), all.half),
    row(name('the same in steps, longest, ms'), all.half, 'inSteps')
  ]
}

const shown = (entries: number) => entries.toLocaleString('en')
const versionOf = (number: number) => (number % 2 === 0 ? 4 : 7)
const secondOf = (number: number) => (number % HOUR) + 1
const countAfter = (entries: number, second: number) =>
  Array.from({ length: entries }, (_, number) => secondOf(number)).filter((each) => each > second).length

function fill(list: DenyList, entries: number): { readonly nanoseconds: number; readonly longest: number } {
  let [total, longest] = [0, 0]
  for (let first = 0; first < entries; first += AT_ONCE) {
    const ids = asParsed(Array.from({ length: AT_ONCE }, (_, at) => idAt(versionOf(first + at), first + at)))
    const turn = milliseconds(() => {
      for (const [at, id] of ids.entries()) list.add(first + at, id, secondOf(first + at))
    })
    total += turn
    longest = Math.max(longest, turn)
  }
  mustBe(list.size(), entries, 'entries taken in')
  return { nanoseconds: total * 1e6, longest }
}

/** Users' tokens. The revoked ones are so by their own id or by their session's, in turn. */
function someTokens(count: number, revoked: boolean, entries: number, round: number): readonly Revocable[] {
  return asParsed(
    Array.from({ length: count }, (_, at): Revocable => {
      const unknown = UNKNOWN + (round * count + at) * 2
      // Steps of the golden section: all over the entries, and others in each round.
      const known = Math.floor((((round * count + at) * 0.618_033_988_7) % 1) * entries)
      const jti = idAt(4, revoked && known % 2 === 0 ? known : unknown)
      const sid = idAt(7, revoked && known % 2 === 1 ? known : unknown + 1)
      return { jti, sid, sub: idAt(7, unknown + UNKNOWN), clientId: 'latchkey', ver: 1 }
    })
  )
}

/** Nanoseconds a question. */
function ask(list: DenyList, tokens: readonly Revocable[], revoked: boolean): number {
  let found = 0
  const time = milliseconds(() => {
    for (const token of tokens) if (list.isRevoked(token)) found += 1
  })
  mustBe(found, revoked ? tokens.length : 0, 'tokens found to be revoked')
  return (time * 1e6) / tokens.length
}
