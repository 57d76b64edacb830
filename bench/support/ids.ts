/**
 * A UUID as the service makes them, one for each number: version 4 for tokens, 7 for sessions, those of an hour. By number,
 * so that an id can be asked for again as a text of its own without anybody having kept it.
 */
export function idAt(version: 4 | 7, number: number): string {
  const [a, b, c, d] = [0, 1, 2, 3].map((word) => hex(mix(number * 4 + word)))
  const head = version === 4 ? a : `0199${hex(number % 3_600_000).slice(-4)}`
  return `${head}-${b?.slice(0, 4)}-${version}${b?.slice(5)}-8${c?.slice(1, 4)}-${c?.slice(4)}${d}`
}

/** Texts as the parser of a token's claims gives them: whole, and never looked at. */
export const asParsed = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value

const hex = (word: number) => word.toString(16).padStart(8, '0')

/** The last step of MurmurHash3: no two numbers give one word. */
function mix(number: number): number {
  let word = number | 0
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
  return (word ^ (word >>> 16)) >>> 0
}
