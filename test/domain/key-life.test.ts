import t from 'tap'
import type { SigningAlgorithm } from '../../src/domain/access-token.ts'
import {
  cacheSeconds,
  currentOf,
  nextOf,
  planKeys,
  publishedAheadSeconds,
  stateOfKey,
  type LivingKey
} from '../../src/domain/key-life.ts'
import { at } from '../support/key-rows.ts'

const DAY = 86_400
const MONTH = 30 * DAY
const AHEAD = 900

type Times = Partial<Omit<LivingKey, 'kid' | 'algorithm'>>
const key = (kid: string, algorithm: SigningAlgorithm, times: Times = {}): LivingKey => ({
  ...{ kid, algorithm, publishedAt: at(0), signsFrom: null, signsUntil: null, revokedAt: null },
  ...times
})
const current = (kid: string, algorithm: SigningAlgorithm, from = 0) =>
  key(kid, algorithm, { publishedAt: at(from - MONTH), signsFrom: at(from) })
const next = (kid: string, algorithm: SigningAlgorithm, published = 0) =>
  key(kid, algorithm, { publishedAt: at(published) })

t.test('the state of a key is told by its times', async (t) => {
  for (const [times, state] of [
    [{}, 'next'],
    [{ signsFrom: at(1) }, 'current'],
    [{ signsFrom: at(1), signsUntil: at(2) }, 'earlier'],
    [{ revokedAt: at(1) }, 'revoked'],
    [{ signsFrom: at(1), revokedAt: at(2) }, 'revoked'],
    [{ signsFrom: at(1), signsUntil: at(2), revokedAt: at(3) }, 'revoked']
  ] as const) {
    t.equal(stateOfKey(key('a', 'ES256', times)), state, JSON.stringify(times))
  }
})

t.test('what is current and next is the same for everybody, in whatever order the keys are read', async (t) => {
  const revoked = key('r', 'EdDSA', { signsFrom: at(99), revokedAt: at(100) })
  const keys = [
    ...[current('a', 'ES256', 1), current('b', 'EdDSA', 2), current('c', 'ES256', 2), revoked],
    ...[next('d', 'ES256', 7), next('e', 'ES256', 5), next('f', 'ES256', 5), next('g', 'EdDSA', 1)]
  ]
  for (const order of [keys, [...keys].reverse()]) {
    t.equal(currentOf(order)?.kid, 'b', 'the last that took over')
    t.equal(nextOf(order, 'ES256')?.kid, 'e', 'the one that was published first')
    t.equal(nextOf(order, 'EdDSA')?.kid, 'g')
    t.equal(nextOf(order, 'HS256'), null)
  }
  t.equal(currentOf([revoked, next('a', 'ES256')]), null)
})

t.test('a key is published for longer than the published keys may be kept before it signs', async (t) => {
  for (const interval of [1, 2, 3, 10, 60, 899, 900, 3600, DAY, MONTH, 3650 * DAY]) {
    t.ok(publishedAheadSeconds(interval) >= 3 * cacheSeconds(interval), `at an interval of ${interval} s`)
    t.ok(publishedAheadSeconds(interval) <= interval, 'and never so long that it would miss its turn')
  }
  t.strictSame([publishedAheadSeconds(MONTH), cacheSeconds(MONTH)], [AHEAD, 300])
})

const plan = (
  keys: readonly LivingKey[],
  algorithm: SigningAlgorithm,
  seconds: number,
  changes = true,
  interval = MONTH
) => planKeys(keys, { algorithm, intervalSeconds: interval }, at(seconds).getTime(), changes)

t.test(
  'what is missing is made: something to sign with, and a next key of each algorithm that may be wanted',
  async (t) => {
    const both = ['ES256', 'EdDSA'] as const
    for (const [keys, algorithm, lacksCurrent, lacksNext] of [
      [[], 'ES256', true, both],
      [[], 'EdDSA', true, both],
      [[], 'HS256', true, ['HS256']],
      [[current('a', 'ES256')], 'ES256', false, both],
      [[current('a', 'ES256'), next('b', 'ES256')], 'ES256', false, ['EdDSA']],
      [[current('a', 'ES256'), next('b', 'ES256'), next('c', 'EdDSA')], 'EdDSA', false, []],
      [[current('a', 'ES256'), next('b', 'ES256'), next('c', 'EdDSA')], 'HS256', false, ['HS256']],
      [[key('a', 'ES256', { signsFrom: at(0), revokedAt: at(1) }), next('b', 'EdDSA')], 'ES256', true, ['ES256']]
    ] as const) {
      t.match(plan(keys, algorithm, 1), { lacksCurrent, lacksNext }, `${keys.length} keys, ${algorithm}`)
    }
  }
)

t.test(
  'the next key takes over when the current one has signed for the interval, and it is known everywhere',
  async (t) => {
    const spare = next('s', 'EdDSA', -MONTH)
    for (const [what, from, published, seconds, interval, due] of [
      ['too soon', 0, 0, MONTH - 1, MONTH, false],
      ['in time', 0, 0, MONTH, MONTH, true],
      ['late', 0, 0, 9 * MONTH, MONTH, true],
      ['published a moment ago', 0, MONTH, MONTH, MONTH, false],
      ['not published for long enough', 0, MONTH, MONTH + AHEAD - 1, MONTH, false],
      ['published for long enough', 0, MONTH, MONTH + AHEAD, MONTH, true],
      ['an interval that is shorter than caches live otherwise', 0, 0, 10, 10, true],
      ['the same, too soon', 0, 0, 9, 10, false],
      ['the same, published late', 0, 5, 14, 10, false]
    ] as const) {
      const keys = [current('a', 'ES256', from), next('b', 'ES256', published), spare]
      for (const changes of [true, false]) {
        t.strictSame(
          plan(keys, 'ES256', seconds, changes, interval).turn,
          due ? { from: 'a', to: 'b', algorithm: 'ES256' } : null,
          what
        )
      }
    }
  }
)

t.test(
  'a change of the algorithm is made at once where its next key is known everywhere, and else waits for that',
  async (t) => {
    const old = key('a', 'ES256', { signsFrom: at(0) })
    for (const [what, keys, algorithm, seconds, due] of [
      ['published as long as any', [old, next('b', 'EdDSA', 0)], 'EdDSA', 1, true],
      ['published later', [old, next('b', 'EdDSA', 10)], 'EdDSA', AHEAD + 9, false],
      ['published for long enough', [old, next('b', 'EdDSA', 10)], 'EdDSA', AHEAD + 10, true],
      ['never published', [old, next('b', 'HS256', 10)], 'HS256', 10, true],
      ['nothing was published before', [current('a', 'HS256'), next('b', 'ES256', 10)], 'ES256', 10, true],
      ['missing', [old, next('b', 'ES256')], 'EdDSA', 10, false]
    ] as const) {
      t.strictSame(plan(keys, algorithm, seconds).turn, due ? { from: 'a', to: 'b', algorithm } : null, what)
    }
  }
)

t.test('who has made the change that it was started for leaves it to others for an hour', async (t) => {
  const keys = [current('a', 'EdDSA'), next('b', 'ES256', -MONTH), next('c', 'EdDSA', -MONTH)]
  const back = { from: 'a', to: 'b', algorithm: 'ES256' }
  const on = { from: 'a', to: 'c', algorithm: 'EdDSA' }
  t.strictSame(plan(keys, 'ES256', 10, true).turn, back, 'at its start')
  t.equal(plan(keys, 'ES256', 10, false).turn, null, 'so that old and new instances do not undo each other’s')
  t.strictSame(
    plan(keys, 'ES256', 60, false, 60).turn,
    on,
    'a rotation meanwhile keeps what the others have changed to'
  )
  t.equal(plan(keys, 'ES256', 3599, false).turn, null)
  t.strictSame(
    plan(keys, 'ES256', 3600, false).turn,
    back,
    'but what was last started is not always what is there to stay'
  )
})
