import t from 'tap'
import { PRUNE_STEPS } from '../../src/domain/revocation-index.ts'
import { createRandom } from '../support/random.ts'
import { entry, indexOf, KINDS } from '../support/revocations.ts'
import { uuidFrom } from '../support/uuids.ts'

t.test('a time is rounded up to the second, and one past 2106 or none at all means for ever', async (t) => {
  const id = uuidFrom(createRandom(2))
  const LAST = (2 ** 32 - 1) * 1000
  for (const kind of ['token', 'session', 'subject', 'client'] as const) {
    for (const name of [id, 'no uuid']) {
      for (const [until, kept, given] of [
        [1, 999.9, 1000],
        [1000, 999.9, 1000],
        [1001, 1999, 2000],
        [2 ** 31 * 1000 + 1, 2 ** 31 * 1000 + 999, 2 ** 31 * 1000 + 1000],
        [LAST - 1001, LAST - 1001, LAST - 1000],
        [LAST - 999, Infinity, LAST],
        [LAST, Infinity, LAST],
        [LAST + 1, Infinity, LAST],
        [LAST + 1001, Infinity, LAST],
        [8.64e15, Infinity, LAST],
        [Infinity, Infinity, LAST],
        [NaN, Infinity, LAST]
      ] as const) {
        const index = indexOf(entry(kind, name, { until }))
        for (const now of [kept, NaN]) index.prune(now)
        const shown = `${kind} ${name} until ${until}`
        t.strictSame(
          [...index.entries()].map((each) => each.until),
          [given],
          `${shown} is there at ${kept}`
        )
        const again = indexOf(...index.entries())
        again.prune(kept)
        t.equal(again.size, 1, `${shown} means the same to whom it is told`)
        if (kept === Infinity) continue
        index.prune(given)
        t.equal(index.size, 0, `${shown} is not there at ${given}`)
      }
    }
  }
})

t.test('as many steps as there are forget what one pruning does, each a part of it', async (t) => {
  const random = createRandom(16)
  const entries = Array.from({ length: 6400 }, () =>
    entry(random.pick(['token', 'session']), uuidFrom(random), { until: random.pick([1000, 3000]) })
  )
  const others = KINDS.map((kind) => entry(kind, 'no uuid', { until: 1000 }))
  const [whole, stepwise] = [indexOf(...entries, ...others), indexOf(...entries, ...others)]
  whole.prune(1000)
  let most = 0
  for (let step = 0; step < PRUNE_STEPS; step += 1) {
    const before = stepwise.size
    stepwise.pruneStep(1000)
    most = Math.max(most, before - stepwise.size)
  }
  t.equal(stepwise.size, whole.size)
  t.strictSame(new Set([...stepwise.entries()].map(({ id }) => id)), new Set([...whole.entries()].map(({ id }) => id)))
  // Of the 3,200 that are over, an equal share in each step is 50.
  t.ok(most < 100, `${most} in one step`)
  for (let step = 0; step < PRUNE_STEPS; step += 1) stepwise.pruneStep(3000)
  t.strictSame(
    [...stepwise.entries()].map(({ kind }) => kind),
    ['key']
  )
})
