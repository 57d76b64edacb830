import t from 'tap'
import { check } from './checker.ts'
import { RULES } from './evidence.ts'
import { SEEDED } from './seeded.ts'
import { BOUNDS, tellGoodStory } from './story.ts'

t.test('a round in which every promise was kept passes, and says how late a revocation was', async (t) => {
  const verdict = check(tellGoodStory(), BOUNDS)
  t.strictSame(
    verdict.violations.map(({ rule, what }) => `${rule}: ${what}`),
    []
  )
  t.equal(verdict.greatestLateness, 1990)
  t.equal(verdict.lost, 0)
  t.equal(verdict.unknown, 5)
})

t.test('each violation that is seeded is found', async (t) => {
  for (const [name, [rule, wrong]] of Object.entries(SEEDED)) {
    const { violations } = check(wrong(tellGoodStory()), BOUNDS)
    t.ok(
      violations.some((violation) => violation.rule === rule),
      name,
      { found: violations.map((violation) => `${violation.rule}: ${violation.what}`) }
    )
  }
})

t.test('there is no promise that could not be found broken', async (t) => {
  t.strictSame([...new Set(Object.values(SEEDED).map(([rule]) => rule))].sort(), [...RULES].sort())
})
