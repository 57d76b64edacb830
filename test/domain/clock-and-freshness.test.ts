import t from 'tap'
import { createClock } from '../../src/domain/clock.ts'
import { createFreshness } from '../../src/domain/freshness.ts'
import { createRandom } from '../support/random.ts'

/** A machine's two clocks: `monotonic` since it started, `wall` since the epoch. Milliseconds. */
function machine() {
  const time = { monotonic: 5000, wall: 1_000_000 }
  return {
    time,
    clocks: [() => time.monotonic, () => time.wall] as const,
    pass: (milliseconds: number) => {
      time.monotonic += milliseconds
      time.wall += milliseconds
    },
    suspend: (milliseconds: number) => (time.wall += milliseconds),
    setWall: (milliseconds: number) => (time.wall += milliseconds)
  }
}

t.test('the time is the database’s, carried on by the monotonic clock', async (t) => {
  const { clocks, pass, setWall } = machine()
  const clock = createClock(...clocks)
  t.equal(clock.now(), 1_000_000, 'before anything is known it is the machine’s')
  pass(10)
  t.equal(clock.now(), 1_000_010)
  clock.observe(2_000_000)
  t.equal(clock.now(), 2_000_000)
  pass(1500)
  t.equal(clock.now(), 2_001_500)
  for (const jump of [3_600_000, -7_200_000, 1e12, -1e12, NaN]) {
    setWall(jump)
    t.equal(clock.now(), 2_001_500, `also when the wall clock jumps by ${jump}`)
  }
  pass(1)
  t.equal(clock.now(), 2_001_501)
  clock.observe(2_005_000)
  t.equal(clock.now(), 2_005_000, 'it follows the database ahead')
})

t.test('a machine whose wall clock was ahead follows the database back', async (t) => {
  const { clocks } = machine()
  const clock = createClock(...clocks)
  t.equal(clock.now(), 1_000_000)
  clock.observe(900_000)
  t.equal(clock.now(), 900_000)
})

t.test('once the database has been heard, the time never goes back', async (t) => {
  const { clocks, pass } = machine()
  const clock = createClock(...clocks)
  clock.observe(2_000_000)
  pass(1000)
  t.equal(clock.now(), 2_001_000)
  clock.observe(2_000_400)
  t.equal(clock.now(), 2_001_000, 'it waits for a database that is behind')
  pass(500)
  t.equal(clock.now(), 2_001_000)
  pass(101)
  t.equal(clock.now(), 2_001_001, 'and then goes on with it')
  clock.observe(0)
  t.equal(clock.now(), 2_001_001)

  const random = createRandom(5)
  let [latest, went] = [clock.now(), 0]
  for (let round = 0; round < 5000; round += 1) {
    if (random.below(3) === 0) clock.observe(2_000_000 + random.below(100_000))
    if (random.below(3) === 0) pass(random.below(50))
    const now = clock.now()
    if (now < latest) went += 1
    latest = now
  }
  t.equal(went, 0)
  t.ok(latest > 2_090_000, 'though it does go on')
})

t.test('what took long to be answered was said in the middle of it', async (t) => {
  const { clocks, pass } = machine()
  const clock = createClock(...clocks)
  t.equal(clock.observe(2_000_000, 400), 0)
  t.equal(clock.now(), 2_000_200)
  pass(1000)
  t.equal(clock.now(), 2_001_200)
})

t.test('a database that was set back is told of', async (t) => {
  const { clocks, pass } = machine()
  const clock = createClock(...clocks)
  clock.observe(2_000_000)
  clock.now()
  pass(100)
  t.equal(clock.observe(2_000_100), 0)
  clock.now()
  t.equal(clock.observe(1_000_100), 1_000_000)
  t.equal(clock.now(), 2_000_100, 'and the time stands still')
})

t.test('a view is infinitely old until something has been confirmed', async (t) => {
  const { clocks, pass } = machine()
  const freshness = createFreshness(...clocks)
  t.equal(freshness.age(), Infinity)
  const confirm = freshness.begin()
  pass(1000)
  t.equal(freshness.age(), Infinity, 'what has only begun confirms nothing')
  confirm()
  t.equal(freshness.age(), 1)
})

t.test('a view is as old as the beginning of the newest thing that completed', async (t) => {
  const { clocks, pass } = machine()
  const freshness = createFreshness(...clocks)
  const first = freshness.begin()
  pass(2000)
  const second = freshness.begin()
  pass(3000)
  second()
  t.equal(freshness.age(), 3)
  pass(500)
  first()
  t.equal(freshness.age(), 3.5, 'an older one that completes late makes it no older')
  const third = freshness.begin()
  pass(250)
  t.equal(freshness.age(), 3.75, 'one that never completes makes it no younger')
  third()
  t.equal(freshness.age(), 0.25)
  pass(1000)
  third()
  t.equal(freshness.age(), 1.25, 'and confirming twice says no more than once')
})

t.test('the age is the larger of what two clocks say', async (t) => {
  for (const [how, happen, seconds] of [
    ['both go on', ({ pass }) => pass(7000), 7],
    ['the machine is suspended', ({ pass, suspend }) => (pass(1000), suspend(60_000)), 61],
    ['the wall clock is set back', ({ pass, setWall }) => (pass(7000), setWall(-3_600_000)), 7],
    ['the wall clock is set ahead', ({ pass, setWall }) => (pass(7000), setWall(3_600_000)), 3607],
    [
      'it is suspended and set back',
      ({ pass, suspend, setWall }) => (pass(7000), suspend(60_000), setWall(-90_000)),
      7
    ],
    ['nothing happens', () => undefined, 0]
  ] as const satisfies readonly (readonly [string, (of: ReturnType<typeof machine>) => unknown, number])[]) {
    const each = machine()
    const freshness = createFreshness(...each.clocks)
    freshness.begin()()
    happen(each)
    t.equal(freshness.age(), seconds, how)
  }
})

t.test('after a suspension or a change of the wall clock a new beginning makes the view fresh again', async (t) => {
  for (const jump of [3_600_000, -3_600_000]) {
    const { clocks, pass, setWall } = machine()
    const freshness = createFreshness(...clocks)
    freshness.begin()()
    pass(1)
    setWall(jump)
    const confirm = freshness.begin()
    pass(2000)
    confirm()
    t.equal(freshness.age(), 2, String(jump))
  }
})

t.test('the machine’s own clocks are what is asked where no others are given', async (t) => {
  const clock = createClock()
  const before = Date.now()
  const now = clock.now()
  t.ok(before <= now && now <= Date.now())
  clock.observe(5_000_000)
  t.ok(clock.now() >= 5_000_000 && clock.now() < before)
  const freshness = createFreshness()
  t.equal(freshness.age(), Infinity)
  freshness.begin()()
  t.ok(Number.isFinite(freshness.age()))
})
