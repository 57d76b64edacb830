import { charactersOf } from './password-form.ts'

/** Rows of a keyboard from top to bottom, without Shift; keys of one place stand in one column. */
const KEYBOARDS: readonly (readonly string[])[] = [
  ['1234567890-=', 'qwertyuiop[]', "asdfghjkl;'", 'zxcvbnm,./'],
  ['1234567890', 'qwertzuiopü', 'asdfghjklöä', 'yxcvbnm,.-'],
  ['1234567890', 'azertyuiop', 'qsdfghjklm', 'wxcvbn'],
  ['1234567890', 'йцукенгшщзхъ', 'фывапролджэ', 'ячсмитьбю']
]
const KEYPAD = ['147', '258', '369', '159', '357']
const SERIES = ['abcdefghijklmnopqrstuvwxyz', '12345678901234']

/** What Shift makes of the keys of the first keyboard, which is where `!QAZ@WSX` comes from. */
const SHIFTED = new Map(Array.from('!@#$%^&*()_+{}:"<>?', (key, at) => [key, "1234567890-=[];',./".charAt(at)]))

/** Three neighbours make a run. Two do not: words are full of such pairs. */
const RUN = 3

const RUNS: ReadonlySet<string> = new Set(
  [...SERIES, ...KEYPAD, ...KEYBOARDS.flatMap(linesOf)].flatMap((line) => {
    const forwards = windowsOf(charactersOf(line))
    return [...forwards, ...forwards.map((run) => charactersOf(run).toReversed().join(''))]
  })
)

/**
 * The part that a text repeats, itself where it repeats none. The last repetition may be cut short, but half a part must
 * come again: that the first letter is also the last is no repetition.
 */
export function repeatedPart(text: string): string {
  const characters = charactersOf(text)
  // borders[i]: how long the beginning of the first i characters is that is also their end (Knuth, Morris and Pratt).
  const borders = [0, 0]
  for (let end = 1; end < characters.length; end += 1) {
    let border = borders[end] ?? 0
    while (border > 0 && characters[border] !== characters[end]) border = borders[border] ?? 0
    borders.push(characters[border] === characters[end] ? border + 1 : 0)
  }
  const part = characters.length - (borders[characters.length] ?? 0)
  return part * 1.5 <= characters.length ? characters.slice(0, part).join('') : text
}

/**
 * Whether a text in lower case is runs of neighbouring keys, letters or digits throughout, in any direction: along a row,
 * down a column, zigzag between two rows, or one key time and again. Up to two characters beside the runs change nothing,
 * since a `1` or `!` at the end is what guessers try first.
 */
export function isRun(text: string): boolean {
  const keys = charactersOf(text).map((key) => SHIFTED.get(key) ?? key)
  // 112233 is 123 with each key pressed twice.
  const once = keys.filter((key, at) => key !== keys[at - 1])
  return besideRuns(keys) < RUN || besideRuns(once) < RUN
}

function besideRuns(keys: readonly string[]): number {
  const inRun = new Set<number>()
  windowsOf(keys).forEach((run, at) => {
    if (RUNS.has(run) || run === run.charAt(0).repeat(RUN)) for (let i = 0; i < RUN; i += 1) inRun.add(at + i)
  })
  return keys.length - inRun.size
}

function windowsOf(keys: readonly string[]): string[] {
  return keys.slice(RUN - 1).map((_, at) => keys.slice(at, at + RUN).join(''))
}

function linesOf(rows: readonly string[]): readonly string[] {
  const columns = [...Array(15).keys()]
  const down = columns.map((column) => rows.map((row) => row.charAt(column)).join(''))
  const aslant = columns.map((column) => rows.map((row, depth) => row.charAt(column - depth)).join(''))
  const zigzags = rows.slice(1).flatMap((row, depth) => {
    const above = rows[depth] ?? ''
    return [weave(above, row), weave(row, above)]
  })
  return [...rows, ...down, ...aslant, ...zigzags]
}

function weave(one: string, other: string): string {
  return Array.from(one, (key, at) => key + other.charAt(at)).join('')
}
