import t from 'tap'
import type { Revocable, Revocation } from '../../src/domain/revocation-index.ts'
import { createRandom } from '../support/random.ts'
import { entry, indexOf } from '../support/revocations.ts'
import { uuidFrom } from '../support/uuids.ts'

const user: Revocable = { jti: 't1', sid: 's1', sub: 'ann', clientId: 'latchkey', ver: 5 }
const service: Revocable = { jti: 't2', sid: null, sub: 'robot', clientId: 'robot', ver: 5 }

t.test('nothing is revoked until something is', async (t) => {
  const index = indexOf()
  t.strictSame(
    [index.stateOf(user), index.stateOf(service), index.isKeyRevoked('k'), index.size],
    ['good', 'good', false, 0]
  )
})

t.test('an entry concerns the tokens that it names and no others', async (t) => {
  for (const [entries, ofUser, ofService] of [
    [[entry('token', 't1')], 'revoked', 'good'],
    [[entry('token', 't2')], 'good', 'revoked'],
    [[entry('token', 's1'), entry('token', 'ann')], 'good', 'good'],
    [[entry('session', 's1')], 'revoked', 'good'],
    [[entry('session', 't1'), entry('session', 'ann')], 'good', 'good'],
    [[entry('key', 't1'), entry('key', 's1'), entry('key', 'ann')], 'good', 'good'],
    [[entry('subject', 'ann', { revokedBelow: 6 })], 'revoked', 'good'],
    [[entry('subject', 'ann', { revokedBelow: 5 })], 'good', 'good'],
    [[entry('subject', 'ann', { staleBelow: 6 })], 'stale', 'good'],
    [[entry('subject', 'ann', { staleBelow: 5 })], 'good', 'good'],
    [[entry('subject', 'ann', { staleBelow: 7, revokedBelow: 5 })], 'stale', 'good'],
    [[entry('subject', 'ann', { staleBelow: 5, revokedBelow: 7 })], 'revoked', 'good'],
    [[entry('subject', 'ann', { staleBelow: 7, revokedBelow: 7 })], 'revoked', 'good'],
    [[entry('subject', 'ann', { staleBelow: 7 }), entry('token', 't1')], 'revoked', 'good'],
    [[entry('client', 'robot', { revokedBelow: 6 })], 'good', 'revoked'],
    [[entry('client', 'robot', { staleBelow: 6 })], 'good', 'stale'],
    [[entry('client', 'latchkey', { revokedBelow: 9 })], 'good', 'good'],
    [[entry('subject', 'ann')], 'good', 'good']
  ] as const) {
    const index = indexOf(...entries)
    const shown = JSON.stringify(entries)
    t.strictSame([index.stateOf(user), index.stateOf(service)], [ofUser, ofService], shown)
  }
})

t.test('a user whose id is the id of a client is somebody else', async (t) => {
  const namesake: Revocable = { ...user, sub: 'robot' }
  const client = indexOf(entry('client', 'robot', { revokedBelow: 9 }))
  t.strictSame([client.stateOf(namesake), client.stateOf(service)], ['good', 'revoked'])
  const subject = indexOf(entry('subject', 'robot', { revokedBelow: 9 }))
  t.strictSame([subject.stateOf(namesake), subject.stateOf(service)], ['revoked', 'good'])
  t.equal(indexOf(entry('session', '')).stateOf(service), 'good')
  for (const id of ['__proto__', 'constructor', 'toString', '']) {
    const odd: Revocable = { jti: id, sid: id, sub: id, clientId: id, ver: 5 }
    t.equal(indexOf().stateOf(odd), 'good', `nobody revoked ${id}`)
    t.equal(indexOf(entry('session', id)).stateOf(odd), 'revoked', `somebody revoked ${id}`)
    t.equal(indexOf(entry('token', id)).isKeyRevoked(id), false)
  }
})

t.test('floors only rise', async (t) => {
  const index = indexOf(entry('subject', 'ann', { staleBelow: 8, revokedBelow: 6 }))
  for (const lower of [{ staleBelow: 3, revokedBelow: 2 }, { staleBelow: 1 }, { revokedBelow: 1 }, {}, { until: 5 }]) {
    index.apply(entry('subject', 'ann', lower))
    t.strictSame(
      [5, 6, 7, 8].map((ver) => index.stateOf({ ...user, ver })),
      ['revoked', 'stale', 'stale', 'good']
    )
  }
  index.apply(entry('subject', 'ann', { revokedBelow: 7 }))
  t.strictSame(
    [6, 7, 8].map((ver) => index.stateOf({ ...user, ver })),
    ['revoked', 'stale', 'good']
  )
  index.apply(entry('subject', 'ann', { staleBelow: 9 }))
  t.strictSame(
    [6, 7, 8, 9].map((ver) => index.stateOf({ ...user, ver })),
    ['revoked', 'stale', 'stale', 'good']
  )
})

t.test('in which order and how often entries arrive makes no difference', async (t) => {
  const random = createRandom(77)
  const ids = ['a', 'b', 'c'] as const
  const kinds = ['token', 'session', 'subject', 'client', 'key'] as const
  const floor = () => random.pick([null, random.below(6)])
  const questions = ids.flatMap((id) =>
    [0, 1, 2, 3, 4, 5, 6].flatMap((ver): Revocable[] => [
      { jti: id, sid: id, sub: id, clientId: 'x', ver },
      { jti: 'x', sid: 'x', sub: id, clientId: id, ver },
      { jti: 'x', sid: null, sub: id, clientId: id, ver }
    ])
  )
  const answers = (entries: readonly Revocation[]) => {
    const index = indexOf(...entries)
    return [0, 25, 50, 75, 100].map((now) => {
      index.prune(now)
      return [index.size, ids.map((id) => index.isKeyRevoked(id)), questions.map((each) => index.stateOf(each))]
    })
  }
  for (let round = 0; round < 40; round += 1) {
    const entries = Array.from({ length: 12 }, () =>
      entry(random.pick(kinds), random.pick(ids), {
        staleBelow: floor(),
        revokedBelow: floor(),
        until: random.below(110)
      })
    )
    const expected = answers(entries)
    const mixed = [0, 1, 2].map(() =>
      random.shuffled([...entries, ...random.shuffled(entries).slice(0, random.below(12))])
    )
    t.strictSame(mixed.map(answers), [expected, expected, expected])
  }
})

t.test('an entry is forgotten at its time, neither before nor for any other reason', async (t) => {
  const entries = [
    entry('token', 't1'),
    entry('session', 's1'),
    entry('subject', 'ann', { revokedBelow: 9 }),
    entry('client', 'robot', { staleBelow: 9 })
  ]
  for (const each of entries) {
    const index = indexOf(each)
    const state = () => [index.stateOf(user), index.stateOf(service), index.size]
    const before = state()
    for (const now of [-Infinity, 0, 999.9, 999.9]) index.prune(now)
    t.strictSame(state(), before, `${each.kind} at 999.9 of 1000`)
    index.prune(1000)
    t.strictSame(state(), ['good', 'good', 0], `${each.kind} at 1000`)
    index.apply(each)
    t.strictSame(state(), before, `${each.kind} heard again`)
  }
  const index = indexOf(...entries, ...entries.map((each) => ({ ...each, until: 3000 })), ...entries)
  index.prune(2999)
  t.equal(index.size, 4, 'the latest time counts')
  index.apply(entry('token', 'other', { until: 5000 }))
  index.prune(3000)
  t.equal(index.size, 1, 'and only what is over goes')
})

t.test('a compromised key stays revoked as long as the process lives', async (t) => {
  // Who holds it gives a token any time to expire, so that there is no time after which no token of it is alive.
  const index = indexOf(entry('key', 'k1'), entry('token', 'k2'))
  index.prune(1e15)
  t.strictSame([index.isKeyRevoked('k1'), index.isKeyRevoked('k2'), index.size], [true, false, 1])
  index.apply(entry('key', 'k1'))
  t.equal(index.size, 1)
})

t.test('an id in upper case is another id', async (t) => {
  const lower = uuidFrom(createRandom(1), 'abcdefab')
  const upper = lower.toUpperCase()
  for (const [revoked, other] of [
    [lower, upper],
    [upper, lower]
  ] as const) {
    const index = indexOf(entry('token', revoked), entry('session', revoked), entry('subject', revoked))
    t.equal(index.stateOf({ ...user, jti: revoked }), 'revoked')
    t.equal(index.stateOf({ ...user, sid: revoked }), 'revoked')
    t.equal(index.stateOf({ ...user, jti: other, sid: other }), 'good')
  }
})
