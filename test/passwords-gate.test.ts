import { EventEmitter, once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createGate, type Gate } from '../src/domain/gate.ts'
import { Problem } from '../src/domain/problems.ts'

const bounds = { concurrency: 2, queue: 10, waitMilliseconds: 60_000 }

/** A job that runs until it is told to end, and the answer to whoever had it run. */
function held(gate: Gate, signal?: AbortSignal) {
  const outcome = new EventEmitter()
  const seen = { begun: false }
  const ended = once(outcome, 'end').then(() => 'done')
  const answer = gate.run(() => {
    seen.begun = true
    return ended
  }, signal)
  // Looked at later, or never where the test is about another.
  for (const promise of [ended, answer]) promise.catch(() => undefined)
  return { seen, answer, end: () => outcome.emit('end'), fail: (error: Error) => outcome.emit('error', error) }
}

t.test('of 200 at once no more run than may, the queue is served, and the rest is refused', async (t) => {
  const gate = createGate(bounds)
  let running = 0
  let most = 0
  const asked = Array.from({ length: 200 }, (_, at) =>
    gate.run(async () => {
      running += 1
      most = Math.max(most, running, gate.running)
      await sleep(1)
      running -= 1
      return at
    })
  )
  t.strictSame([gate.running, gate.waiting], [2, 10])
  const answers = await Promise.allSettled(asked)
  t.equal(most, 2)
  const served = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  t.strictSame(served, [...Array(12).keys()], 'the first two, and the ten that found room to wait')
  for (const answer of answers) {
    if (answer.status === 'fulfilled') continue
    const problem: unknown = answer.reason
    if (!(problem instanceof Problem) || problem.code !== 'overloaded' || problem.status !== 503)
      t.fail(String(problem))
  }
  t.strictSame([gate.running, gate.waiting, gate.begun], [0, 0, 12])
  t.equal(await gate.run(async () => 'again'), 'again')
})

t.test('first come, first served, and nobody who comes later overtakes', async (t) => {
  const gate = createGate({ ...bounds, concurrency: 1 })
  const order: string[] = []
  const job = (name: string) => gate.run(async () => order.push(name))
  const first = held(gate)
  const waiters = [job('a'), job('b')]
  first.end()
  await first.answer.then(() => waiters.push(job('late')))
  await Promise.all(waiters)
  t.strictSame(order, ['a', 'b', 'late'])
})

t.test('a job that fails gives its place on, and its error to the caller', async (t) => {
  const gate = createGate({ ...bounds, concurrency: 1 })
  const first = held(gate)
  const second = gate.run(() => {
    throw new Error('at once')
  })
  const third = gate.run(async () => 'third')
  first.fail(new Error('later'))
  await t.rejects(first.answer, { message: 'later' })
  await t.rejects(second, { message: 'at once' })
  t.equal(await third, 'third')
  t.equal(gate.running, 0)
})

t.test('who has waited too long is refused, and is not begun after all', async (t) => {
  const gate = createGate({ ...bounds, concurrency: 1, waitMilliseconds: 5 })
  const first = held(gate)
  const second = held(gate)
  await t.rejects(second.answer, { code: 'overloaded', details: { retryAfterSeconds: 1 } })
  t.equal(gate.waiting, 0)
  first.end()
  await first.answer
  t.equal(second.seen.begun, false)
  t.equal(gate.running, 0)
})

t.test('who has gone leaves the queue to those behind', async (t) => {
  const gate = createGate({ ...bounds, concurrency: 1 })
  const client = new AbortController()
  const first = held(gate)
  const gone = held(gate, client.signal)
  const third = held(gate)
  client.abort(new Error('gone'))
  await t.rejects(gone.answer, { code: 'overloaded', details: { cause: { message: 'gone' } } })
  t.equal(gate.waiting, 1)
  first.end()
  third.end()
  await third.answer
  t.equal(gone.seen.begun, false)

  const late = held(gate, client.signal)
  await t.rejects(late.answer, { code: 'overloaded' })
  t.equal(late.seen.begun, false, 'nor is anything begun for who has gone before')
})

t.test('who goes while the job runs changes nothing', async (t) => {
  const gate = createGate({ ...bounds, concurrency: 1 })
  const client = new AbortController()
  const first = held(gate, client.signal)
  const second = held(gate, client.signal)
  first.end()
  await first.answer
  client.abort()
  second.end()
  t.equal(await second.answer, 'done')
  t.equal(gate.running, 0)
})

t.test('Retry-After grows with the queue and with what jobs took lately, from 1 to 60 seconds', async (t) => {
  let now = 0
  const refusal = async (jobMilliseconds: number, queue: number) => {
    const gate = createGate({ ...bounds, queue, now: () => now })
    for (let jobs = 0; jobs < 100; jobs += 1) await gate.run(async () => (now += jobMilliseconds))
    const waiting = Array.from({ length: 2 + queue }, () => held(gate))
    const problem = await gate.run(async () => 'never').catch((error: unknown) => error)
    for (const job of waiting) job.end()
    await Promise.all(waiting.map(({ answer }) => answer))
    return problem instanceof Problem ? problem.details.retryAfterSeconds : problem
  }
  for (const [jobMilliseconds, queue, seconds] of [
    [1, 10, 1],
    [500, 10, 3],
    [500, 20, 5],
    [3000, 20, 30],
    [60_000, 20, 60]
  ] as const) {
    t.equal(
      await refusal(jobMilliseconds, queue),
      seconds,
      `${queue} wait for jobs of ${jobMilliseconds} ms, two at once`
    )
  }
})

t.test('a gate without a queue serves who finds it free', async (t) => {
  const gate = createGate({ ...bounds, concurrency: 1, queue: 0 })
  const first = held(gate)
  await t.rejects(held(gate).answer, { code: 'overloaded', details: { retryAfterSeconds: 1 } })
  first.end()
  t.equal(await first.answer, 'done')
})

t.test(
  'while more than half of the queue waits fewer run, and as many as before once it has grown short',
  async (t) => {
    const gate = createGate({ ...bounds, concurrency: 3, whenCrowded: 1 })
    const jobs = Array.from({ length: 13 }, () => held(gate))
    const begun = () => jobs.filter(({ seen }) => seen.begun).length
    /** Ends the oldest that runs. */
    async function endOne() {
      const job = jobs.shift()
      job?.end()
      await job?.answer
      await sleep(0)
      return [gate.running, gate.waiting]
    }
    t.strictSame([gate.running, gate.waiting, begun()], [3, 10, 3])
    t.strictSame(await endOne(), [2, 10], 'a place stays free')
    t.strictSame(await endOne(), [1, 10])
    for (const waiting of [9, 8, 7, 6]) t.strictSame(await endOne(), [1, waiting])
    t.strictSame(await endOne(), [3, 3], 'all places are taken again')
    const late = held(gate)
    t.strictSame([gate.running, gate.waiting, late.seen.begun], [3, 4, false])
    for (const job of [...jobs, late]) job.end()
    for (const job of [...jobs, late]) await job.answer
    t.strictSame([gate.running, gate.waiting], [0, 0])
  }
)

t.test('who asks whether there is room is refused exactly where a job would be', async (t) => {
  for (const queue of [0, 1]) {
    const gate = createGate({ ...bounds, concurrency: 1, queue })
    gate.assertRoom()
    const jobs = Array.from({ length: 1 + queue }, () => {
      gate.assertRoom()
      return held(gate)
    })
    t.throws(() => gate.assertRoom(), { code: 'overloaded' })
    await t.rejects(
      gate.run(async () => 0),
      { code: 'overloaded' }
    )
    for (const job of jobs) {
      job.end()
      await job.answer
    }
    gate.assertRoom()
  }
})
