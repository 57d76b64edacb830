import t from 'tap'
import { createRevocationIndex, type Revocable, type Revocation } from '../../src/domain/revocation-index.ts'
import { createRandom } from '../support/random.ts'
import { entry, indexOf, KINDS, someEntry, someIds } from '../support/revocations.ts'

const other: Revocable = { jti: 'x', sid: 'x', sub: 'x', clientId: 'x', ver: 9 }

/** What the index is to be, without any of what makes it small. */
function createModel() {
  const entries = new Map<string, Revocation>()
  const get = (kind: Revocation['kind'], id: string) => entries.get(`${kind} ${id}`)
  return {
    apply(each: Revocation) {
      const had = get(each.kind, each.id)
      entries.set(`${each.kind} ${each.id}`, {
        ...each,
        staleBelow: Math.max(had?.staleBelow ?? 0, each.staleBelow ?? 0),
        revokedBelow: Math.max(had?.revokedBelow ?? 0, each.revokedBelow ?? 0),
        until: Math.max(had?.until ?? 0, Math.ceil(each.until / 1000) * 1000)
      })
    },
    prune(now: number) {
      for (const [key, each] of entries) if (each.kind !== 'key' && each.until <= now) entries.delete(key)
    },
    isKeyRevoked: (kid: string) => get('key', kid) !== undefined,
    stateOf({ jti, sid, sub, clientId, ver }: Revocable) {
      if (get('token', jti) !== undefined || (sid !== null && get('session', sid) !== undefined)) return 'revoked'
      const floor = sid === null ? get('client', clientId) : get('subject', sub)
      if (ver < (floor?.revokedBelow ?? 0)) return 'revoked'
      return ver < (floor?.staleBelow ?? 0) ? 'stale' : 'good'
    },
    get size() {
      return entries.size
    }
  }
}

t.test('it answers as plain Maps do, whatever is done in whatever order', async (t) => {
  const random = createRandom(2024)
  const ids = someIds(random, 700)
  const some = () => ids[random.below(ids.length)] ?? ''
  const [index, model] = [createRevocationIndex(), createModel()]
  let now = 1_790_000_000_000
  for (let turn = 0; turn < 400; turn += 1) {
    for (let each = random.below(60); each > 0; each -= 1) {
      const made = someEntry(random, ids, now)
      // In the time that a model with exact times and whole seconds can be told about.
      if (made.until > 4e12) continue
      index.apply(made)
      model.apply(made)
    }
    if (random.below(2) === 0) {
      now += random.below(20_000)
      index.prune(now)
      model.prune(now)
    }
    const questions = Array.from({ length: 200 }, (): Revocable => ({
      jti: some(),
      sid: random.pick([some(), some(), null]),
      sub: some(),
      clientId: some(),
      ver: random.below(9)
    }))
    t.equal(index.size, model.size)
    t.strictSame(
      ids.filter((id) => index.isKeyRevoked(id) !== model.isKeyRevoked(id)),
      []
    )
    t.strictSame(
      questions.filter((each) => index.stateOf(each) !== model.stateOf(each)),
      []
    )
    t.strictSame(
      ids.filter((id) => index.stateOf({ ...other, jti: id }) !== model.stateOf({ ...other, jti: id })),
      []
    )
  }
  t.ok(index.size > 100)
})

t.test('an index that is told the entries of another answers as that one', async (t) => {
  const random = createRandom(31)
  const ids = someIds(random, 300)
  const index = createRevocationIndex()
  t.strictSame([...index.entries()], [])
  for (let each = 0; each < 900; each += 1) index.apply(someEntry(random, ids, 0))
  const entries = [...index.entries()]
  t.equal(entries.length, index.size)
  t.strictSame(new Set(entries.map(({ kind }) => kind)).size, KINDS.length)
  const told = indexOf(...random.shuffled(entries))
  for (const now of [0, 2000, 50_000, 100_000, 1e15]) {
    index.prune(now)
    told.prune(now)
    t.equal(told.size, index.size)
    const questions = ids.flatMap((id): Revocable[] => [
      ...[0, 3, 6, 8].map((ver) => ({ jti: 'x', sid: 'x', sub: id, clientId: id, ver })),
      ...[0, 3, 6, 8].map((ver) => ({ jti: 'x', sid: null, sub: id, clientId: id, ver })),
      { ...other, jti: id },
      { ...other, sid: id }
    ])
    t.strictSame(
      questions.filter((each) => index.stateOf(each) !== told.stateOf(each)),
      []
    )
    t.strictSame(
      ids.map((id) => told.isKeyRevoked(id)),
      ids.map((id) => index.isKeyRevoked(id))
    )
  }
  // What is no floor is told as none.
  t.strictSame(
    [...indexOf(entry('subject', 'a', { staleBelow: 3 }), entry('client', 'b', { revokedBelow: 4 })).entries()],
    [entry('subject', 'a', { staleBelow: 3 }), entry('client', 'b', { revokedBelow: 4 })]
  )
})

t.test('who takes the entries slowly misses none that stays, while others come and go', async (t) => {
  const random = createRandom(64)
  const make = (count: number, until: number) =>
    someIds(random, count).flatMap((id) =>
      KINDS.map((kind) => entry(kind, `${id}${id === '' ? until : ''}`, { until }))
    )
  const stays = make(300, 1e9)
  const index = indexOf(...stays, ...make(300, 5000))
  const given = new Set<string>()
  let turn = 0
  for (const each of index.entries()) {
    given.add(`${each.kind} ${each.id}`)
    turn += 1
    // One that goes on for ever fails, too.
    if (turn > 20_000) break
    if (turn % 3 === 0) index.pruneStep(4000 + turn * 10)
    if (turn % 500 === 0) index.prune(4000 + turn * 10)
    if (turn < 2000) for (const more of make(2, random.pick([6000, 12_000, 1e8]))) index.apply(more)
  }
  t.ok(turn <= 20_000)
  t.strictSame(
    stays.filter(({ kind, id }) => !given.has(`${kind} ${id}`)),
    []
  )
})
