import type { Random } from './random.ts'

/** A UUID of version 4 or 7, in lower case; `tail` are its last eight digits. */
export function uuidFrom(random: Random, tail = digits(random.below(2 ** 32), 8)): string {
  const version = random.pick(['4', '7'])
  // As those of version 7 that are made within one minute, so that the first digits tell little apart.
  const head = version === '7' ? `0199${digits(random.below(16), 4)}` : digits(random.below(2 ** 32), 8)
  const middle = [digits(random.below(65536), 4), `${version}${digits(random.below(4096), 3)}`]
  const variant = random.pick(['8', '9', 'a', 'b'])
  return `${head}-${middle.join('-')}-${variant}${digits(random.below(4096), 3)}-${digits(random.below(65536), 4)}${tail}`
}

export const digits = (value: number, length: number) => value.toString(16).padStart(length, '0')
