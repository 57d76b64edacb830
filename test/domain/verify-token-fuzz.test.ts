import t from 'tap'
import type { Verdict } from '../../src/domain/verify-token.ts'
import { createRandom, type Random } from '../support/random.ts'
import {
  AUDIENCE,
  encode,
  forge,
  forgers,
  headerOf,
  hs256,
  ISSUER,
  jsonOf,
  judge,
  NOW,
  signTexts,
  USER_CLAIMS,
  type Members
} from '../support/forge.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_' as const
const ODD = ['.', '=', '+', '/', ' ', '\n', '\0', '"', '%2e', 'é', 'Ａ', '\u200b', '\ud800', '\u{1f600}', ''] as const

/** The verdict, or as text what was thrown instead. */
function verdictOn(token: string): Verdict | string {
  try {
    return judge(token)
  } catch (error) {
    return String(error)
  }
}

/** A change of the text as such. */
function changeText(random: Random, token: string, others: readonly string[]): string {
  // Where parts end is where spellings differ.
  const ends = [token.indexOf('.'), token.lastIndexOf('.'), token.length]
  const at = random.below(2) === 0 ? random.below(token.length) : Math.max(0, random.pick([ends[0] ?? 0, ...ends]) - 1)
  const to = at + random.below(token.length - at)
  const letter = random.below(3) > 0 ? LETTERS.charAt(random.below(LETTERS.length)) : random.pick(ODD)
  const other = others[random.below(others.length)] ?? ''
  switch (random.below(9)) {
    case 0:
      return token.slice(0, at) + letter + token.slice(at + 1)
    case 1:
      return token.slice(0, at) + letter + token.slice(at)
    case 2:
      return token.slice(0, at) + token.slice(at + 1)
    case 3:
      return token.slice(0, at)
    case 4:
      return token.slice(at)
    case 5:
      return token.slice(0, at) + token.slice(to)
    case 6:
      return token.slice(0, to) + token.slice(at)
    case 7:
      return token.slice(0, at) + other.slice(at)
    default:
      return (
        token.slice(0, at) +
        token
          .slice(at, at + 2)
          .split('')
          .reverse()
          .join('') +
        token.slice(at + 2)
      )
  }
}

/** A change of one part, encoded again so that its form stays good. */
function changePart(random: Random, token: string, others: readonly string[]): string {
  const parts = token.split('.')
  const index = random.below(3)
  const bytes = Buffer.from(parts[index] ?? '', 'base64url')
  const at = random.below(bytes.length)
  const foreign = others[random.below(others.length)]?.split('.')[index] ?? ''
  const changed = [
    Buffer.concat([bytes.subarray(0, at), Buffer.from([random.below(256)]), bytes.subarray(at + 1)]),
    Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from([(bytes[at] ?? 0) ^ (1 << random.below(8))]),
      bytes.subarray(at + 1)
    ]),
    Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
    Buffer.concat([bytes.subarray(0, at), Buffer.from(' '), bytes.subarray(at)]),
    bytes.subarray(0, at),
    Buffer.from(foreign, 'base64url')
  ]
  return parts.with(index, encode(changed[random.below(changed.length)] ?? bytes)).join('.')
}

for (const [index, forger] of forgers.entries()) {
  t.test(`of a thousand tokens that differ a little from a good ${forger.algorithm} one, none is good`, async (t) => {
    const random = createRandom(3471 + index)
    const others = forgers.map((other) => forge(other, {}, { jti: '"token-2"' }))
    const token = forge(forger)
    const thrown: string[] = []
    const accepted: string[] = []
    const told: string[] = []
    for (let round = 0; round < 1000; round += 1) {
      const change = round % 2 === 0 ? changeText : changePart
      const first = change(random, token, others)
      const mutant = random.below(4) === 0 ? change(random, first === '' ? token : first, others) : first
      const verdict = verdictOn(mutant)
      if (typeof verdict === 'string') thrown.push(`${verdict} by ${mutant}`)
      else if (!verdict.good && (verdict.code !== 'invalid_token' || verdict.claims !== null)) told.push(mutant)
      else if (verdict.good && mutant !== token && !others.includes(mutant)) accepted.push(mutant)
    }
    t.strictSame({ thrown, accepted, told }, { thrown: [], accepted: [], told: [] })
    t.equal(judge(token).good, true, 'and the good one still is')
  })
}

t.test('whatever a good signature is over, the answer is a verdict, and what is good is as it should be', async (t) => {
  const random = createRandom(9068)
  const values = (right: string | undefined) =>
    [
      'null',
      'true',
      '""',
      '"x"',
      '"\\u0000"',
      '"\\ud800"',
      '0',
      '-1',
      '1.5',
      '1e400',
      '9007199254740993',
      '[]',
      '{}',
      `[${right ?? ''}]`,
      `{"x":${right ?? ''}}`,
      `${right ?? ''},"x":1,"x":2`,
      'NaN',
      ''
    ] as const
  const muddle = (members: Members): Members =>
    Object.fromEntries(
      random.shuffled(Object.entries(members)).flatMap(([name, text]) => {
        const what = random.below(40)
        if (what === 0) return []
        if (what === 1) return [[name, random.pick(values(text))]]
        if (what === 2) return [[random.pick(['x', '__proto__', 'crit', 'nbf', name.toUpperCase()]), text]]
        return [[name, text]]
      })
    )
  const wrong: string[] = []
  let good = 0
  for (let round = 0; round < 1500; round += 1) {
    const json = jsonOf(muddle(USER_CLAIMS))
    const header = jsonOf(muddle(headerOf(hs256)))
    const verdict = verdictOn(signTexts(hs256, header, json))
    if (typeof verdict === 'string') wrong.push(`${verdict} by ${json}`)
    if (typeof verdict === 'string' || !verdict.good || verdict.external !== undefined) continue
    good += 1
    const { iss, aud, sub, iat, exp, jti, client_id, ver, sid, roles, email } = verdict.claims
    const right =
      iss === ISSUER &&
      [aud].flat().includes(AUDIENCE) &&
      [iat, exp, ver].every((time) => Number.isSafeInteger(time) && time >= 0) &&
      [sub, jti, client_id, sid ?? sub, email ?? sub].every((name) => /^[^\0\p{Cs}]+$/u.test(name)) &&
      (sid === undefined) === (roles === undefined) &&
      exp > NOW - 30 &&
      iat < NOW + 30
    if (!right) wrong.push(json)
  }
  t.strictSame(wrong, [])
  t.ok(good > 100 && good < 1400, 'some are good and some are not')
})
