import { messages } from '@electric-sql/pglite'
import { DrizzleQueryError } from 'drizzle-orm'
import Fastify from 'fastify'
import postgres from 'postgres'
import t from 'tap'
import { Problem } from '../src/domain/problems.ts'
import { loggerOptions } from '../src/http/logger.ts'
import { answeringApp } from './support/answers.ts'

t.test('each request is one line of JSON: by its route, and with nothing else of it', async (t) => {
  const { app, log, logText } = await answeringApp()
  t.teardown(() => app.close())
  app.post('/users/:id', (_request, reply) => reply.code(201).send('canary'))
  app.get('/gone', () => {
    throw new Problem('unavailable')
  })
  await app.inject({
    method: 'POST',
    url: '/users/canary?token=canary',
    headers: { 'x-request-id': 'one', cookie: 'a=canary', authorization: 'Bearer canary', 'user-agent': 'canary' }
  })
  await app.inject({ url: '/nowhere/canary?canary', headers: { 'x-request-id': 'two' } })
  await app.inject({ url: '/%zz-canary', headers: { 'x-request-id': 'three' } })
  await app.inject({ url: '/gone', headers: { 'x-request-id': 'four' } })
  const common = { msg: 'request', remote_address: '127.0.0.1' }
  const lines = log()
  t.match(lines, [
    { ...common, level: 'info', request_id: 'one', method: 'POST', route: '/users/:id', status: 201 },
    { ...common, level: 'info', request_id: 'two', method: 'GET', route: 'unmatched', status: 404 },
    { ...common, level: 'info', request_id: 'three', method: 'GET', route: 'unmatched', status: 400 },
    { ...common, level: 'error', request_id: 'four', method: 'GET', route: '/gone', status: 503 }
  ])
  t.equal(lines.length, 4)
  for (const line of lines) {
    t.match(line['time'], /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    t.type(line['ms'], 'number')
    const members = 'level time pid hostname request_id method route status ms remote_address msg'.split(' ')
    t.strictSame(Object.keys(line), members)
  }
  t.notMatch(logText(), /canary/)
  t.match(logText(), /^(\{.*\}\n)+$/)
})

t.test(
  'the address is that of the client behind a proxy that is trusted, and else the one that connected',
  async (t) => {
    for (const [trustProxy, address] of [
      [['127.0.0.1'], '192.0.2.7'],
      [false, '127.0.0.1']
    ] as const) {
      const { app, log } = await answeringApp({ trustProxy: trustProxy && [...trustProxy] })
      await app.inject({ url: '/', headers: { 'x-forwarded-for': '192.0.2.7' } })
      t.equal(log()[0]?.['remote_address'], address)
      await app.close()
    }
  }
)

/** A logger as the service has it, and the text of what it wrote. */
function logger() {
  let text = ''
  const app = Fastify({ logger: loggerOptions('trace', { write: (line) => void (text += line) }) })
  return { log: app.log, text: () => text, lines: () => text.split('\n').filter(Boolean).map(parse) }
}
const parse = (line: string) => JSON.parse(line) as Record<string, unknown>

t.test('an error is logged with its kind, place and causes, and without its other properties', (t) => {
  const { log, lines, text } = logger()
  const cause = Object.assign(new RangeError('inner'), { code: 'E_INNER', canary: 'canary' })
  log.error({ err: Object.assign(new Error('outer', { cause }), { request: 'canary', canary: 'canary' }) }, 'said')
  const [line] = lines()
  t.match(line, {
    msg: 'said',
    err: { type: 'Error', message: 'outer', cause: { type: 'RangeError', message: 'inner', code: 'E_INNER' } }
  })
  t.match(JSON.stringify(line), /answers-log\.test\.ts/)
  t.notMatch(text(), /canary/)
  t.end()
})

t.test('an error of the database is logged by its code and place, never with values', (t) => {
  const detail = 'Key (email)=(canary) already exists.'
  const refused = new postgres.PostgresError({
    message: 'canary',
    ...{
      code: '23505',
      severity: 'ERROR',
      detail,
      table_name: 'users',
      constraint_name: 'users_email',
      routine: 'check'
    }
  } as never)
  const invalid = Object.assign(new messages.DatabaseError('invalid input: "canary"', 1, 'error'), {
    ...{ code: '22P02', severity: 'ERROR', detail, table: 'users', constraint: 'users_id', where: 'canary' }
  })
  const stopped = new postgres.PostgresError({ message: 'shutting down', code: '57P01', severity: 'FATAL' } as never)
  const cases: [Error, object][] = [
    [refused, { code: '23505', table: 'users', constraint: 'users_email', routine: 'check', message: '(withheld)' }],
    [invalid, { code: '22P02', table: 'users', constraint: 'users_id', message: '(withheld)' }],
    [stopped, { code: '57P01', message: 'shutting down' }]
  ]
  for (const [error, logged] of cases) {
    const { log, lines, text } = logger()
    const query = new DrizzleQueryError('select $1', ['canary'], error)
    log.error({ err: error }, 'said')
    log.error({ err: query })
    log.error(query)
    log.error({ failure: query, list: [query] }, 'said')
    log.error({ err: new Problem('internal_error', { cause: query }) }, 'said')
    const wrapped = { type: 'DrizzleQueryError', message: '(withheld)', cause: logged }
    t.match(lines(), [
      { err: logged },
      { err: wrapped, msg: '(withheld)' },
      { err: wrapped, msg: '(withheld)' },
      { failure: wrapped, list: [wrapped] },
      { err: { type: 'Problem', cause: wrapped } }
    ])
    t.notMatch(text(), /canary/)
  }
  t.end()
})

t.test('an error that quotes what it was given is logged without its message', (t) => {
  const sent = ['can', 'ary'].join('')
  const failing: [string, () => unknown][] = [
    ['SyntaxError', () => JSON.parse(sent)],
    ['TypeError', () => new URL(sent)],
    ['TypeError', () => Buffer.alloc(sent as never)],
    ['RangeError', () => Buffer.from('', 'utf8').readUInt8(sent.length)]
  ]
  for (const [type, fail] of failing) {
    const { log, lines, text } = logger()
    try {
      fail()
    } catch (error) {
      log.error(error)
    }
    t.match(lines(), [{ err: { type } }])
    t.notMatch(text(), /canary/, text())
  }
  t.end()
})

t.test('what is thrown without being an error is not repeated', (t) => {
  const { log, lines } = logger()
  for (const err of ['canary', { password: 'canary' }, null, 5]) log.error({ err }, 'said')
  const types = lines().map(({ err }) => (err as { type: string }).type)
  t.strictSame(types, ['string', 'object', 'object', 'number'])
  t.notMatch(JSON.stringify(lines()), /canary/)
  t.end()
})

t.test('members that are named like a credential are not written, at any depth', (t) => {
  const { log, lines, text } = logger()
  const names =
    'authorization Authorization cookie set-cookie Set-Cookie password new_password current_password token ' +
    'refresh_token refreshToken access_token client_secret reset_token csrf_token X-CSRF-Token secret password_hash'
  for (const name of names.split(' ')) {
    const secret = { [name]: 'canary', kept: 'seen' }
    log.info({ ...secret, a: secret, b: { c: secret }, list: [[secret]] }, 'said')
    t.match(lines().at(-1), { [name]: '[redacted]', kept: 'seen', b: { c: { [name]: '[redacted]', kept: 'seen' } } })
  }
  const cyclic: Record<string, unknown> = { password: 'canary' }
  cyclic['self'] = cyclic
  log.info({ cyclic, bytes: Buffer.from('canary'), at: new Date(0) }, 'said')
  t.match(lines().at(-1), { at: '1970-01-01T00:00:00.000Z', bytes: '[redacted]' })
  t.notMatch(text(), /canary|99,97,110/)
  t.end()
})

t.test('what is logged is left as it was', (t) => {
  const { log } = logger()
  const logged = { password: 'p', inner: { token: 't' } }
  log.info(logged)
  t.strictSame(logged, { password: 'p', inner: { token: 't' } })
  t.end()
})

t.test('a request or a reply that is logged is its method or its status', async (t) => {
  const { app, log, logText } = await answeringApp()
  t.teardown(() => app.close())
  app.get('/', (request, reply) => {
    request.log.info({ req: request, res: reply }, 'both')
    request.log.info({ req: request.raw }, 'raw')
    return 'ok'
  })
  await app.inject({ url: '/?canary', headers: { authorization: 'canary' } })
  t.strictSame(
    [log()[0]?.['req'], log()[0]?.['res'], log()[1]?.['req']],
    [{ method: 'GET' }, { statusCode: 200 }, { method: 'GET' }]
  )
  t.notMatch(logText(), /canary/)
})

t.test('a reply that is sent twice, a fault of ours, does not bring the path into the log', async (t) => {
  const { app, log, logText } = await answeringApp()
  t.teardown(() => app.close())
  app.get('/', (_request, reply) => {
    void reply.send('once')
    void reply.send('twice')
  })
  await app.inject('/?canary')
  app.log.warn('Reply was already sent, did you forget to "return reply" in the "/?canary" (GET) route?')
  t.match(log(), [
    { level: 'warn', err: { code: 'FST_ERR_REP_ALREADY_SENT' } },
    { msg: 'request' },
    { level: 'warn', msg: 'Reply was already sent' }
  ])
  t.notMatch(logText(), /canary/)
})

t.test('the level decides what is written, and `silent` writes nothing', async (t) => {
  for (const [logLevel, lines] of [
    ['info', 2],
    ['error', 1],
    ['fatal', 0],
    ['silent', 0]
  ] as const) {
    const { app, log } = await answeringApp({ logLevel })
    app.get('/fault', () => {
      throw new Problem('overloaded')
    })
    t.equal((await app.inject('/nowhere')).statusCode, 404)
    t.equal((await app.inject('/fault')).statusCode, 503)
    t.equal(log().length, lines, logLevel)
    await app.close()
  }
})
