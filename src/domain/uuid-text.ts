/** Letters of a UUID as text (RFC 9562 section 4). */
const LENGTH = 36
const HYPHEN = 0x2d
/** What the lower-case hexadecimal digits are worth; everything else is negative, and so is whatever it is or-ed with. */
const VALUES = Int8Array.from({ length: 128 }, (_, code) => '0123456789abcdef'.indexOf(String.fromCharCode(code)))

/**
 * The last eight digits as a signed 32-bit number. Makes sense for a UUID in lower case only, and does not check that it
 * is one: it is what nearly every question can be answered by, so it reads no more than it must.
 */
export function tailOfUuid(text: string): number {
  let tail = 0
  for (let at = LENGTH - 8; at < LENGTH; at += 1) {
    const code = text.charCodeAt(at)
    // Digits are 0x30 to 0x39, letters 0x61 to 0x66.
    tail = (tail << 4) | ((code & 15) + 9 * (code >> 6))
  }
  return tail
}

/**
 * Reads a UUID of version 4 or 7 in lower case into four signed 32-bit words; false, and nothing meaningful in `words`,
 * for any other text. Those versions are the ones that the service makes, and both end in random bits.
 */
export function readUuid(text: string, words: Int32Array): boolean {
  if (text.length !== LENGTH) return false
  if (text.charCodeAt(8) !== HYPHEN || text.charCodeAt(13) !== HYPHEN) return false
  if (text.charCodeAt(18) !== HYPHEN || text.charCodeAt(23) !== HYPHEN) return false
  const a = fourDigits(text, 0)
  const b = fourDigits(text, 4)
  const c = fourDigits(text, 9)
  const d = fourDigits(text, 14)
  const e = fourDigits(text, 19)
  const f = fourDigits(text, 24)
  const g = fourDigits(text, 28)
  const h = fourDigits(text, 32)
  if ((a | b | c | d | e | f | g | h) < 0) return false
  words[0] = (a << 16) | b
  words[1] = (c << 16) | d
  words[2] = (e << 16) | f
  words[3] = (g << 16) | h
  const version = d >> 12
  return (version === 4 || version === 7) && e >> 14 === 2
}

/** From 0 to 0xffff; negative where one of the four is no digit. No branch: which digits come next is nothing to guess. */
function fourDigits(text: string, at: number): number {
  const a = VALUES[text.charCodeAt(at)] ?? -1
  const b = VALUES[text.charCodeAt(at + 1)] ?? -1
  const c = VALUES[text.charCodeAt(at + 2)] ?? -1
  const d = VALUES[text.charCodeAt(at + 3)] ?? -1
  return (a << 12) | (b << 8) | (c << 4) | d
}

/** The text of four words that `readUuid` gave. */
export function textOfUuid(w0: number, w1: number, w2: number, w3: number): string {
  const [a, b, c, d] = [hex(w0), hex(w1), hex(w2), hex(w3)]
  return `${a}-${b.slice(0, 4)}-${b.slice(4)}-${c.slice(0, 4)}-${c.slice(4)}${d}`
}

const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0')
