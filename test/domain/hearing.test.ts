import t from 'tap'
import { createHearing, type Hearing } from '../../src/domain/hearing.ts'
import { entry } from '../support/revocations.ts'

const named = (id: string) => entry('token', id)
/** Readings that bring nothing. */
const quiet = (hearing: Hearing, count: number) => Array.from({ length: count }, () => hearing.missed([]))

t.test('what was announced, before it is read or after, is not missed', async (t) => {
  const hearing = createHearing()
  for (let round = 0; round < 50; round++) {
    hearing.heard(named(`before ${round}`))
    t.equal(hearing.missed([named(`before ${round}`), named(`after ${round}`)]), false)
    hearing.heard(named(`after ${round}`))
  }
  t.strictSame(quiet(hearing, 5), [false, false, false, false, false])
})

t.test('an announcement that came while the reading before was under way is remembered for the next', async (t) => {
  const hearing = createHearing()
  hearing.heard(named('a'))
  t.equal(hearing.missed([]), false)
  t.equal(hearing.missed([named('a')]), false)
  t.strictSame(quiet(hearing, 5), [false, false, false, false, false])
})

t.test('what is only ever read shows that nothing is heard, after three more readings, and once', async (t) => {
  const hearing = createHearing()
  t.equal(hearing.missed([named('a')]), false)
  t.strictSame(quiet(hearing, 5), [false, false, true, false, false])
})

t.test('an announcement that is a little late is waited for', async (t) => {
  const hearing = createHearing()
  hearing.missed([named('a')])
  quiet(hearing, 2)
  hearing.heard(named('a'))
  t.strictSame(quiet(hearing, 3), [false, false, false])
})

t.test('one that is heard does not stand for one that is not', async (t) => {
  const hearing = createHearing()
  hearing.missed([named('a'), named('b')])
  hearing.heard(named('a'))
  t.strictSame(quiet(hearing, 3), [false, false, true])
})

t.test('over a new connection, what was announced before is not waited for', async (t) => {
  const hearing = createHearing()
  hearing.missed([named('a')])
  hearing.restart()
  t.strictSame(quiet(hearing, 4), [false, false, false, false])
  hearing.missed([named('b')])
  t.strictSame(quiet(hearing, 3), [false, false, true])
})
