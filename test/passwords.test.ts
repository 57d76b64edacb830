import { PassThrough } from 'node:stream'
import { createInterface } from 'node:readline'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import passwords, { type PasswordsOptions } from '../plugins/passwords.ts'

const options: PasswordsOptions = {
  minLength: 15,
  memoryKib: 1024,
  timeCost: 1,
  parallelism: 1,
  concurrency: 2,
  whenCrowded: 2,
  queue: 20
}
const PASSWORD = 'correct horse battery staple'

async function appWith(test: Test, over: Partial<PasswordsOptions> = {}) {
  const app = Fastify()
  test.teardown(() => app.close())
  await app.register(passwords, { ...options, ...over })
  await app.ready()
  return app
}

t.test('a good password is taken, hashed and verified', async (t) => {
  const app = await appWith(t)
  await app.passwords.refuseWeak(PASSWORD, { email: 'ada@example.com', pointer: '/password' })
  const stored = await app.passwords.hash(PASSWORD)
  t.strictSame(await app.passwords.verify(stored, PASSWORD), { right: true, outdated: false })
  t.strictSame(await app.passwords.verify(stored, 'plum'), { right: false, outdated: false })
})

t.test('a weak one is refused as configured', async (t) => {
  const app = await appWith(t, { minLength: 8 })
  const about = { email: 'ada@example.com', pointer: '/new_password' }
  await t.rejects(app.passwords.refuseWeak('Password1', about), {
    code: 'weak_password',
    details: { errors: [{ pointer: '/new_password', message: 'must not be one of the commonest passwords' }] }
  })
  await app.passwords.refuseWeak('kvohrzqa', about)
})

t.test('an unknown address takes the same work through the same gate as a known one', async (t) => {
  const app = await appWith(t)
  const stored = await app.passwords.hash(PASSWORD)
  const before = app.passwords.load.begun
  for (const each of [stored, null, 'no hash at all']) await app.passwords.verify(each, 'plum')
  t.equal(app.passwords.load.begun - before, 3)
})

t.test('of 200 sign-ins at once those that find no room are told when to come back', async (t) => {
  const app = await appWith(t)
  const stored = await app.passwords.hash(PASSWORD)
  let most = 0
  const answers = await Promise.allSettled(
    Array.from({ length: 200 }, async () => {
      const verification = app.passwords.verify(stored, PASSWORD)
      most = Math.max(most, app.passwords.load.running)
      return await verification
    })
  )
  t.equal(most, 2)
  const served = answers.filter((answer) => answer.status === 'fulfilled')
  t.strictSame(
    served.map(({ value }) => value),
    Array.from({ length: 22 }, () => ({ right: true, outdated: false }))
  )
  for (const answer of answers) {
    if (answer.status === 'fulfilled') continue
    t.match(answer.reason, { code: 'overloaded', status: 503, details: { retryAfterSeconds: 1 } })
  }
  t.strictSame([app.passwords.load.running, app.passwords.load.waiting], [0, 0])
})

t.test('for a client that has gone nothing is computed', async (t) => {
  const app = await appWith(t)
  const signal = AbortSignal.abort()
  await t.rejects(app.passwords.hash(PASSWORD, signal), { code: 'overloaded' })
  await t.rejects(app.passwords.verify(null, PASSWORD, signal), { code: 'overloaded' })
  t.equal(app.passwords.load.begun, 0)
})

t.test('a service that listens reads the list of common passwords before anybody registers', async (t) => {
  const log = new PassThrough()
  const app = Fastify({ logger: { level: 'debug', stream: log } })
  t.teardown(() => app.close())
  await app.register(passwords, options)
  await app.listen({ port: 0, host: '127.0.0.1' })
  for await (const line of createInterface(log)) {
    if (!line.includes('list of common passwords')) continue
    t.match(line, /"count":\d{4}.*was read/)
    break
  }
})

t.test('a length under 8 does not start', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await t.rejects(async () => {
    await app.register(passwords, { ...options, minLength: 7 })
  }, RangeError)
})
