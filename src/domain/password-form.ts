/** Code points, so that one person's emoji is no longer than another's letter (NIST SP 800-63B-4 section 3.1.1.2). */
export const MOST_CHARACTERS = 256

/**
 * NFC shortens no text to less than a quarter of its UTF-16 units (UAX 15, expansion factors), and no code point has more
 * than 2. What is longer than this cannot be a password, and is not normalised: the time for it grows with the square of
 * the combining marks in a row, and a thousandfold sign-in with 64 KiB of them would stand still for seconds.
 */
const MOST_UNITS = 4 * 2 * MOST_CHARACTERS

/**
 * The form in which a password is counted, hashed and verified: OpaqueString of RFC 8265 section 4.2.2, which is every
 * space as U+0020, then NFC. Case and width stay. The two spellings of `é` and the space of an Option key are not for
 * a person to tell apart.
 */
export function normalizePassword(password: string): string {
  return password.length > MOST_UNITS ? password : password.replace(/\p{Zs}/gu, ' ').normalize('NFC')
}

/**
 * What passwords are compared with words by: without case. Upper case comes first because it knows more pairs: both
 * small sigmas have one capital, and a sharp s is SS.
 */
export function foldPassword(password: string): string {
  return normalizePassword(password.toUpperCase().toLowerCase())
}

export const charactersOf = (text: string): readonly string[] => Array.from(text)
