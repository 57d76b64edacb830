import t from 'tap'
import { hashOfClientSecret } from '../../src/domain/client-secret.ts'
import { createHeldClients, MOST_HELD, type ProvenClient } from '../../src/domain/held-clients.ts'

const NOW = 1_700_000_000_000
const MINUTE = 60_000
const FIRST = hashOfClientSecret('lks_first')
const SECOND = hashOfClientSecret('lks_second')

/** What the database says at `now` of a client whose use was written down `usedAgo` milliseconds before. */
function proven(id: string, { now = NOW, usedAgo = 0, permissions = ['a:b'] } = {}): ProvenClient {
  const at = new Date(NOW)
  const [audiences, publicJwk, disabledAt] = [[], null, null]
  const client = { id, name: 'billing', permissions, audiences, publicJwk, tokenVersion: 1, disabledAt }
  return { client: { ...client, createdAt: at, updatedAt: at }, now, quietUntil: now - usedAgo + MINUTE }
}

/** Holds clients as if the database was asked and answered at once. */
function holding(...all: readonly (readonly [ProvenClient, Buffer])[]) {
  const held = createHeldClients()
  for (const [each, hash] of all) held.begin()(hash, each)
  return held
}

t.test(
  'a secret that was found right is taken until its use is to be written down again, a minute later',
  async (t) => {
    const { client } = proven('one')
    for (const [what, usedAgo, still] of [
      ['written down by that statement', 0, MINUTE],
      ['written down a while before', 45_000, 15_000]
    ] as const) {
      const held = holding([proven('one', { usedAgo }), FIRST])
      t.strictSame(held.find('one', FIRST, NOW), client, what)
      t.strictSame(held.find('one', FIRST, NOW + still - 1), client, what)
      t.equal(held.find('one', FIRST, NOW + still), null, what)
    }
    t.equal(holding([proven('one', { usedAgo: MINUTE }), FIRST]).find('one', FIRST, NOW), null)
    const back = holding([proven('one', { usedAgo: -3_600_000 }), FIRST])
    t.equal(back.find('one', FIRST, NOW + MINUTE), null, 'no longer where the database’s clock was set back meanwhile')
    back.begin()(FIRST, proven('one', { now: NOW + MINUTE }))
    t.strictSame(back.find('one', FIRST, NOW + MINUTE), client, 'and anew once it is found right again')
  }
)

t.test('a secret is taken for its client alone, and no other for it', async (t) => {
  const held = holding([proven('one'), FIRST], [proven('two'), SECOND])
  t.equal(held.find('one', FIRST, NOW)?.id, 'one')
  t.equal(held.find('two', SECOND, NOW)?.id, 'two')
  t.strictSame(
    [held.find('one', SECOND, NOW), held.find('two', FIRST, NOW), held.find('ONE', FIRST, NOW)],
    [null, null, null]
  )
})

t.test('two secrets of a client are taken each for its own time, and the client is as it was read last', async (t) => {
  const held = holding([proven('one', { usedAgo: 50_000 }), FIRST])
  held.begin()(SECOND, proven('one', { now: NOW + 1000, permissions: ['c:d'] }))
  t.strictSame(held.find('one', FIRST, NOW + 9999)?.permissions, ['c:d'])
  t.equal(held.find('one', FIRST, NOW + 10_000), null)
  t.strictSame(held.find('one', SECOND, NOW + MINUTE)?.permissions, ['c:d'])
})

t.test('of many answers at once the one that wrote the use down counts, whenever it comes', async (t) => {
  const [wrote, found] = [proven('one'), proven('one', { usedAgo: MINUTE })]
  for (const answers of [
    [wrote, found],
    [found, wrote]
  ]) {
    const held = holding(...answers.map((each) => [each, FIRST] as const))
    t.equal(held.find('one', FIRST, NOW + MINUTE - 1)?.id, 'one')
    t.equal(held.find('one', FIRST, NOW + MINUTE), null)
  }
})

t.test('who is forgotten is not taken by any secret, and the others are', async (t) => {
  const held = holding([proven('one'), FIRST], [proven('one'), SECOND], [proven('two'), FIRST])
  held.forget('one')
  held.forget('nobody')
  t.strictSame([held.find('one', FIRST, NOW), held.find('one', SECOND, NOW)], [null, null])
  t.equal(held.find('two', FIRST, NOW)?.id, 'two')
  held.forgetAll()
  t.equal(held.find('two', FIRST, NOW), null)
})

t.test(
  'what the database was asked before somebody was to be forgotten, and answered after, is not taken',
  async (t) => {
    const held = createHeldClients()
    for (const [what, heard] of [
      ['the client', () => held.forget('one')],
      ['all', held.forgetAll.bind(held)]
    ] as const) {
      const hold = held.begin()
      heard()
      hold(FIRST, proven('one'))
      t.equal(held.find('one', FIRST, NOW), null, what)
      held.begin()(FIRST, proven('one'))
      t.equal(held.find('one', FIRST, NOW)?.id, 'one', 'what it is asked since is')
    }
  }
)

t.test('so many are held and no more: who was proven longest ago goes', async (t) => {
  const held = createHeldClients()
  const prove = (id: number) => {
    held.begin()(FIRST, proven(`client ${id}`))
  }
  const isHeld = (id: number) => held.find(`client ${id}`, FIRST, NOW) !== null
  for (let id = 0; id < MOST_HELD; id++) prove(id)
  t.strictSame([isHeld(0), isHeld(1), isHeld(MOST_HELD - 1)], [true, true, true])
  prove(0)
  prove(MOST_HELD)
  t.strictSame([isHeld(0), isHeld(1), isHeld(2), isHeld(MOST_HELD)], [true, false, true, true])
  let count = 0
  for (let id = 0; id <= MOST_HELD; id++) if (isHeld(id)) count += 1
  t.equal(count, MOST_HELD)
})
