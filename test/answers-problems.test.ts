import { PassThrough } from 'node:stream'
import { Type } from '@sinclair/typebox'
import t from 'tap'
import openapi from '../plugins/openapi.ts'
import { Problem, type ProblemCode, type ProblemDetails, PROBLEMS } from '../src/domain/problems.ts'
import { problemResponse } from '../src/http/problem-schema.ts'
import { answeringApp } from './support/answers.ts'

const CODES = Object.keys(PROBLEMS) as ProblemCode[]

/** An app whose route `/thrown` throws what `throwing` holds, in the hook or handler that is asked for. */
async function throwingApp() {
  const made = await answeringApp()
  const throwing: { value: unknown } = { value: undefined }
  const raise = (): never => {
    throw throwing.value
  }
  const later = async (): Promise<never> => {
    await Promise.resolve()
    return raise()
  }
  const { app } = made
  app.get('/handler', later)
  app.get('/sync-handler', raise)
  app.get('/on-request', { onRequest: later }, () => 'unreached')
  app.get('/pre-handler', { preHandler: (_request, _reply, done) => done(throwing.value as Error) }, () => 'unreached')
  app.get('/pre-serialization', { preSerialization: later }, () => ({}))
  app.get('/on-send', { onSend: later }, () => ({}))
  app.get('/stream', (_request, reply) => {
    const body = new PassThrough()
    process.nextTick(() => body.destroy(throwing.value as Error))
    return reply.send(body)
  })
  t.teardown(() => app.close())
  return { ...made, throwing }
}

t.test('every code is answered in one shape, with its status, title and a stable type', async (t) => {
  const { app, throwing } = await throwingApp()
  for (const code of CODES) {
    throwing.value = new Problem(code, { detail: 'This time.' })
    const answer = await app.inject('/handler')
    const [status, title] = PROBLEMS[code]
    t.equal(answer.statusCode, status, code)
    t.equal(answer.headers['content-type'], 'application/problem+json', code)
    t.equal(answer.headers['cache-control'], 'no-store', code)
    t.strictSame(
      answer.json(),
      {
        type: `/problems#${code}`,
        title,
        status,
        code,
        detail: 'This time.',
        request_id: answer.headers['x-request-id']
      },
      code
    )
  }
})

t.test('a problem without a detail gives its title as one, and names the members that it has', async (t) => {
  const { app, throwing } = await throwingApp()
  const errors = [{ pointer: '/a"b', message: 'is "bad"' }]
  throwing.value = new Problem('validation_failed', { errors })
  const body = (await app.inject('/handler')).json<Record<string, unknown>>()
  t.equal(body['detail'], PROBLEMS.validation_failed[1])
  t.strictSame(body['errors'], errors)
})

t.test('a refusal says what to do next', async (t) => {
  const { app, throwing } = await throwingApp()
  const bare = 'Bearer realm="latchkey"'
  const invalid = (code: ProblemCode) => `${bare}, error="invalid_token", error_description="${PROBLEMS[code][1]}"`
  const cases: [ProblemCode, ProblemDetails, Record<string, string | undefined>][] = [
    ['unauthenticated', {}, { 'www-authenticate': bare }],
    ['invalid_credentials', {}, { 'www-authenticate': bare }],
    ['invalid_refresh_token', {}, { 'www-authenticate': bare }],
    ['invalid_reset_token', {}, { 'www-authenticate': bare }],
    ['invalid_token', {}, { 'www-authenticate': invalid('invalid_token') }],
    ['token_expired', {}, { 'www-authenticate': invalid('token_expired') }],
    ['token_revoked', {}, { 'www-authenticate': invalid('token_revoked') }],
    ['token_stale', {}, { 'www-authenticate': invalid('token_stale') }],
    ['forbidden', {}, { 'www-authenticate': undefined }],
    [
      'forbidden',
      { scope: 'audit:read users:read' },
      { 'www-authenticate': `${bare}, error="insufficient_scope", scope="audit:read users:read"` }
    ],
    ['forbidden', { scope: 'a", realm="b' }, { 'www-authenticate': undefined }],
    ['method_not_allowed', { allow: ['GET', 'POST'] }, { allow: 'GET, POST' }],
    ['rate_limited', { retryAfterSeconds: 12 }, { 'retry-after': '12' }],
    ['rate_limited', { retryAfterSeconds: 0.2 }, { 'retry-after': '1' }],
    ['overloaded', {}, { 'retry-after': '1' }],
    ['unavailable', { retryAfterSeconds: 5 }, { 'retry-after': '5' }],
    ['revocation_unavailable', {}, { 'retry-after': '1' }],
    ['not_found', {}, { 'www-authenticate': undefined, 'retry-after': undefined }]
  ]
  for (const [code, details, headers] of cases) {
    throwing.value = new Problem(code, details)
    const answer = await app.inject('/handler')
    for (const [name, value] of Object.entries(headers)) t.equal(answer.headers[name], value, `${code}: ${name}`)
  }
})

t.test('a problem is answered wherever it is thrown', async (t) => {
  const { app, throwing } = await throwingApp()
  throwing.value = new Problem('last_admin')
  const places = ['handler', 'sync-handler', 'on-request', 'pre-handler', 'pre-serialization', 'on-send', 'stream']
  for (const place of places) {
    const answer = await app.inject(`/${place}`)
    t.equal(answer.statusCode, 409, place)
    t.equal(answer.json<{ code: string }>().code, 'last_admin', place)
  }
})

t.test('whatever else is thrown is a 500 that says nothing, and its cause is in the log', async (t) => {
  const { app, throwing, log } = await throwingApp()
  const cyclic = new Error('canary 1')
  cyclic.cause = cyclic
  const thrown: unknown[] = [new Error('canary 0'), cyclic, 'canary 2', 42, null, undefined, { canary: 3 }]
  for (const value of thrown) {
    throwing.value = value
    for (const place of ['handler', 'sync-handler']) {
      if (value === undefined && place === 'handler') continue
      const before = log().length
      const answer = await app.inject(`/${place}`)
      t.equal(answer.statusCode, 500)
      t.equal(answer.json<{ code: string }>().code, 'internal_error')
      t.notMatch(answer.payload, /canary/)
      t.match(
        log()
          .slice(before)
          .filter(({ level }) => level === 'error').length,
        2,
        'the fault and the request'
      )
    }
  }
  t.match(log(), [{ err: { type: 'Error', message: 'canary 0' }, msg: 'The request failed.' }])
})

t.test('an answer that does not fit its schema is a 500, without what it held', async (t) => {
  const { app } = await answeringApp()
  t.teardown(() => app.close())
  const schema = { response: { 200: Type.Object({ a: Type.String(), b: Type.String() }) } }
  app.get('/', { schema }, () => JSON.parse('{"a":"canary"}') as { a: string; b: string })
  const answer = await app.inject('/')
  t.equal(answer.statusCode, 500)
  t.notMatch(answer.payload, /canary/)
})

t.test('what a plugin blames on the client is not a 5xx, and is told in our words', async (t) => {
  const { app, throwing } = await throwingApp()
  const cases: [object, number, string][] = [
    [{ statusCode: 400 }, 400, 'bad_request'],
    [{ statusCode: 401 }, 401, 'invalid_token'],
    [{ statusCode: 403 }, 403, 'forbidden'],
    [{ statusCode: 404 }, 404, 'not_found'],
    [{ statusCode: 413 }, 413, 'payload_too_large'],
    [{ statusCode: 418 }, 400, 'bad_request'],
    [{ statusCode: 302 }, 500, 'internal_error'],
    [{ statusCode: 503 }, 500, 'internal_error'],
    [{ code: 'FST_ERR_VALIDATION', statusCode: 400 }, 400, 'validation_failed'],
    [{ code: 'FST_ERR_HANDLER_TIMEOUT', statusCode: 503 }, 503, 'overloaded']
  ]
  for (const [marks, status, code] of cases) {
    throwing.value = Object.assign(new Error('canary'), marks)
    const answer = await app.inject('/handler')
    t.equal(answer.statusCode, status, JSON.stringify(marks))
    t.equal(answer.json<{ code: string }>().code, code, JSON.stringify(marks))
    t.notMatch(answer.payload, /canary/)
  }
})

t.test('an outage is a 503 whose cause is in the log as a warning', async (t) => {
  const { app, throwing, log } = await throwingApp()
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  throwing.value = new Problem('unavailable', { cause })
  t.equal((await app.inject('/handler')).statusCode, 503)
  t.match(log(), [
    { level: 'warn', err: { code: 'ECONNREFUSED' } },
    { level: 'error', status: 503 }
  ])
})

t.test('a handler that takes too long is a 503, and what it still does is no accident', async (t) => {
  const { app } = await answeringApp()
  t.teardown(() => app.close())
  let finish = (): void => undefined
  app.get('/', { handlerTimeout: 20 }, async () => {
    await new Promise<void>((resolve) => (finish = resolve))
    throw new Error('too late')
  })
  t.equal((await app.inject('/')).json<{ code: string }>().code, 'overloaded')
  finish()
  await new Promise(setImmediate)
})

t.test('HEAD is answered as GET is, also when it is refused', async (t) => {
  const { app, throwing } = await throwingApp()
  throwing.value = new Problem('token_expired')
  for (const url of ['/handler', '/nowhere', '/%zz']) {
    const [get, head] = [await app.inject(url), await app.inject({ method: 'HEAD', url })]
    t.equal(head.statusCode, get.statusCode, url)
    t.equal(head.payload, '', url)
    for (const name of ['content-type', 'content-length', 'www-authenticate']) {
      t.equal(head.headers[name], get.headers[name], `${url}: ${name}`)
    }
  }
})

t.test('headers and cookies that were set before a refusal are sent with it, but it is never cached', async (t) => {
  const { app } = await answeringApp()
  t.teardown(() => app.close())
  app.get('/', (_request, reply) => {
    reply.headers({
      'set-cookie': 'a=; Max-Age=0',
      'cache-control': 'public, max-age=600',
      'content-type': 'text/html'
    })
    throw new Problem('invalid_refresh_token')
  })
  const { headers } = await app.inject('/')
  t.equal(headers['set-cookie'], 'a=; Max-Age=0')
  t.equal(headers['cache-control'], 'no-store')
  t.equal(headers['content-type'], 'application/problem+json')
})

t.test('a route that finds nothing may say so by handing over', async (t) => {
  const { app } = await answeringApp()
  t.teardown(() => app.close())
  app.get('/', (_request, reply) => reply.callNotFound())
  t.match((await app.inject('/')).json(), { code: 'not_found', status: 404 })
})

t.test('a scope can give its errors another form', async (t) => {
  const { app } = await answeringApp()
  t.teardown(() => app.close())
  await app.register(
    async (scope) => {
      scope.setErrorHandler((_error, _request, reply) => reply.code(400).send({ error: 'invalid_request' }))
      scope.get('/token', () => {
        throw new Problem('bad_request')
      })
    },
    { prefix: '/oauth2' }
  )
  t.strictSame((await app.inject('/oauth2/token')).json(), { error: 'invalid_request' })
})

t.test('the description of a refusal lists its codes and gives an example of each', (t) => {
  const { description, content } = problemResponse('invalid_token', 'token_expired')
  t.match(description, /`invalid_token`.*`token_expired`/)
  const media = content['application/problem+json']
  t.match(media, { schema: { $ref: 'Problem#' }, examples: { token_expired: { value: { status: 401 } } } })
  t.end()
})

t.test('the document shows the shape of a refusal once, and refers to it', async (t) => {
  const { app } = await answeringApp({}, async (app) => {
    await app.register(openapi, { version: '1' })
  })
  t.teardown(() => app.close())
  app.get('/', { schema: { response: { 200: Type.String(), 404: problemResponse('not_found') } } }, () => 'ok')
  await app.ready()
  const media = { schema: { $ref: '#/components/schemas/Problem' }, examples: { not_found: {} } }
  const described = await app.describeRoutes()
  t.teardown(() => described.close())
  t.match(JSON.parse(JSON.stringify(described.swagger())), {
    paths: { '/': { get: { responses: { 404: { content: { 'application/problem+json': media } } } } } },
    components: { schemas: { Problem: { required: ['type', 'title', 'status', 'code', 'detail', 'request_id'] } } }
  })
})
