import { hash, parseOptions, verify } from '@node-rs/argon2'
import t from 'tap'
import { normalizePassword } from '../src/domain/password-form.ts'
import { createPasswordHasher } from '../src/domain/password-hash.ts'

/** Cheap, since what is tested here does not depend on the cost. */
const cheap = { memoryKib: 256, timeCost: 2, parallelism: 1 }
const hasher = createPasswordHasher(cheap)
const PASSWORD = 'correct horse battery staple'

const WRONG = { right: false, outdated: false }
const RIGHT = { right: true, outdated: false }
const OUTDATED = { right: true, outdated: true }

t.test('a hash is Argon2id with the configured parameters, and another one each time', async (t) => {
  const stored = await hasher.hash(PASSWORD)
  t.match(stored, /^\$argon2id\$v=19\$m=256,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
  t.not(await hasher.hash(PASSWORD), stored)
  t.strictSame(await hasher.verify(stored, PASSWORD), RIGHT)
  t.strictSame(await hasher.verify(stored, 'correct horse battery stapl'), WRONG)
  t.strictSame(await hasher.verify(stored, PASSWORD.toUpperCase()), WRONG)
})

t.test('spellings of one password are one password', async (t) => {
  for (const [one, other] of [
    ['cr\u00e8me br\u00fbl\u00e9e caf\u00e9', 'cre\u0300me bru\u0302le\u0301e cafe\u0301'],
    ['cre\u0300me bru\u0302le\u0301e cafe\u0301', 'cr\u00e8me br\u00fbl\u00e9e caf\u00e9'],
    ['\u212bngstr\u00f6m \u212b unit', '\u00c5ngstro\u0308m A\u030a unit'],
    ['\ud55c\uad6d\uc5b4', '\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165'],
    ['plum\u00a0roof\u3000seven', 'plum roof seven']
  ] as const) {
    t.not(one, other)
    t.strictSame(await hasher.verify(await hasher.hash(one), other), RIGHT, one)
  }
})

t.test('passwords that differ are not made one', async (t) => {
  for (const [one, other] of [
    ['\uff50\uff4c\uff55\uff4d roof', 'plum roof'],
    ['\ufb01ne weather', 'fine weather'],
    [' plum roof', 'plum roof'],
    ['plum  roof', 'plum roof'],
    ['stra\u00dfe', 'strasse']
  ] as const) {
    t.strictSame(await hasher.verify(await hasher.hash(one), other), WRONG, one)
  }
})

t.test('what is too long for a password is not normalised, since that takes too long', async (t) => {
  const marks = (count: number) => `a${'\u0301\u0323'.repeat(count)}`
  t.not(normalizePassword(marks(1000)), marks(1000))
  t.equal(normalizePassword(marks(2000)), marks(2000))
  t.strictSame(await hasher.verify(await hasher.hash(PASSWORD), marks(2000)), WRONG)
})

t.test('a right password whose hash has other parameters is right, and to be hashed anew', async (t) => {
  const base = { algorithm: 2, memoryCost: 256, timeCost: 2, parallelism: 1 }
  for (const [options, verification] of [
    [base, RIGHT],
    [{ ...base, memoryCost: 128 }, OUTDATED],
    [{ ...base, memoryCost: 512 }, OUTDATED],
    [{ ...base, timeCost: 1 }, OUTDATED],
    [{ ...base, timeCost: 3 }, OUTDATED],
    [{ ...base, parallelism: 2 }, OUTDATED],
    [{ ...base, outputLen: 16 }, OUTDATED],
    [{ ...base, salt: Buffer.alloc(8, 1) }, OUTDATED],
    [{ ...base, salt: Buffer.alloc(65, 1) }, WRONG],
    [{ ...base, version: 0 }, OUTDATED],
    [{ ...base, algorithm: 0 }, WRONG],
    [{ ...base, algorithm: 1 }, WRONG]
  ] as const) {
    const stored = await hash(PASSWORD, options)
    t.strictSame(await hasher.verify(stored, PASSWORD), verification, stored)
    t.strictSame(await hasher.verify(stored, 'plum'), WRONG, `${stored} and a wrong password`)
  }
})

t.test('whatever is stored, what is no hash of ours is wrong, and costs a hash all the same', async (t) => {
  const computed: string[] = []
  const observed = createPasswordHasher(cheap, (stored, password) => {
    computed.push(stored)
    return verify(stored, password)
  })
  const good = await hasher.hash(PASSWORD)
  const costOf = (stored: string) => {
    const { algorithm, memoryCost, timeCost, parallelism, outputLen } = parseOptions(stored)
    return { algorithm, memoryCost, timeCost, parallelism, outputLen }
  }
  const part = (from: string, to: string) => good.replace(from, to)
  for (const stored of [
    null,
    '',
    'x',
    '$',
    PASSWORD,
    '$argon2id$',
    '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy',
    '{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3',
    part('argon2id', 'argon2i'),
    part('argon2id', 'argon2d'),
    part('argon2id', 'ARGON2ID'),
    part('v=19', 'v=20'),
    part('m=256', 'm=1'),
    part('m=256', 'm=0'),
    part('m=256', 'm=-256'),
    part('m=256', 'm=999999999999'),
    part('t=2', 't=0'),
    part('p=1', 'p=0'),
    good.slice(0, -2),
    good.slice(0, 60),
    `${good}\n`,
    ` ${good}`,
    `${good.slice(0, -3)}!!!`,
    // These could be computed, but must not be: 4 TiB; just past 256 MiB; four thousand million passes; 17 lanes; a tag of 3 KiB.
    part('m=256', 'm=4294967295'),
    part('m=256', 'm=262145'),
    part('t=2', 't=4294967295'),
    part('m=256,t=2', 'm=256,t=3073'),
    part('p=1', 'p=17'),
    `${good}${'A'.repeat(4096)}`
  ]) {
    t.strictSame(await observed.verify(stored, PASSWORD), WRONG, String(stored).slice(0, 100))
    t.strictSame(computed.splice(0).map(costOf), [costOf(good)], 'one hash was computed, at the configured cost')
  }
})

t.test('nobody has a password, whatever comes of the computing', async (t) => {
  const credulous = createPasswordHasher(cheap, async () => true)
  for (const stored of [null, 'no hash']) t.strictSame(await credulous.verify(stored, PASSWORD), WRONG)
})

t.test('the event loop goes on while hashes are computed', async (t) => {
  const heavy = createPasswordHasher({ memoryKib: 19_456, timeCost: 2, parallelism: 1 })
  const stored = await heavy.hash(PASSWORD)
  for (const [name, work] of [
    ['hash', () => heavy.hash(PASSWORD)],
    ['verify', () => heavy.verify(stored, PASSWORD)],
    ['verify where nothing is stored', () => heavy.verify(null, PASSWORD)]
  ] as const) {
    // No turn passes until an answer that was computed on the event loop. Five, lest one is there before the first turn.
    const turns = countTurns()
    for (let times = 0; times < 5; times += 1) await work()
    t.ok(turns.end() > 0, name)
  }
})

/** Counts the turns of the event loop. */
function countTurns() {
  let turns = 0
  let ended = false
  const turn = () => {
    turns += 1
    if (!ended) setImmediate(turn)
  }
  setImmediate(turn)
  return {
    end() {
      ended = true
      return turns
    }
  }
}
