import t from 'tap'
import auth from '../plugins/auth.ts'
import cors from '../plugins/cors.ts'
import { Problem } from '../src/domain/problems.ts'
import { anyone, requireUser } from '../src/http/guards.ts'
import { problemResponse } from '../src/http/problem-schema.ts'
import { answeringApp } from './support/answers.ts'

const ORIGIN = 'https://app.example.com'

/** An app whose guards find nobody, with or without CORS. */
async function guardedApp(origins: readonly string[] = []) {
  const { app } = await answeringApp({}, async (app) => {
    await app.register(auth, {
      authenticate: () => {
        throw new Problem('unauthenticated')
      },
      responses: { 401: problemResponse('unauthenticated'), 403: {}, 503: {} },
      guards: origins.length === 0 ? {} : { 'OPTIONS *': anyone }
    })
    await app.register(cors, { origins })
  })
  app.get('/open', { preHandler: anyone }, () => 'open')
  await app.register(
    async (scope) => {
      scope.get('/', { preHandler: requireUser }, () => [])
      scope.post('/', { preHandler: requireUser }, () => 'made')
      scope.get('/:id', { preHandler: requireUser }, () => 'one')
      scope.delete('/:id', { preHandler: requireUser }, () => 'gone')
      scope.patch('/me', { preHandler: requireUser }, () => 'changed')
    },
    { prefix: '/users' }
  )
  t.teardown(() => app.close())
  return app
}

t.test(
  'a method that a path does not have is 405 and named with those that it has, before anybody is asked who they are',
  async (t) => {
    const app = await guardedApp()
    const cases: [string, string, string][] = [
      ['DELETE', '/open', 'GET, HEAD'],
      ['DELETE', '/open?x=1', 'GET, HEAD'],
      ['OPTIONS', '/open', 'GET, HEAD'],
      ['TRACE', '/open', 'GET, HEAD'],
      ['PUT', '/users', 'GET, HEAD, POST'],
      // The router takes an empty id.
      ['PUT', '/users/', 'DELETE, GET, HEAD, POST'],
      ['POST', '/users/4711', 'DELETE, GET, HEAD'],
      ['PUT', '/users/a%2Fb', 'DELETE, GET, HEAD'],
      ['POST', '/users/me', 'DELETE, GET, HEAD, PATCH'],
      ['PROPFIND', '/users', 'GET, HEAD, POST']
    ]
    for (const [method, url, allow] of cases) {
      const answer = await app.inject({ method: method as 'PUT', url })
      t.equal(answer.statusCode, 405, `${method} ${url}`)
      t.equal(answer.headers.allow, allow, `${method} ${url}`)
      t.equal(answer.json<{ code: string }>().code, 'method_not_allowed', `${method} ${url}`)
    }
  }
)

t.test('a path that is not there is 404 for every method, whatever body comes with it', async (t) => {
  const app = await guardedApp()
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']) {
    for (const [type, payload] of [
      ['application/json', '{"broken'],
      ['text/plain', 'text'],
      ['garbage', 'x'.repeat(70_000)]
    ] as const) {
      const headers = { 'content-type': type }
      const answer = await app.inject({ method: method as 'PUT', url: '/users/1/2', headers, payload })
      t.equal(answer.statusCode, 404, `${method} ${type}`)
      t.equal(answer.json<{ code: string }>().code, 'not_found')
      t.equal(answer.headers.allow, undefined)
    }
  }
})

t.test('a method that a path has is refused by its guard and not by its body', async (t) => {
  const app = await guardedApp()
  const headers = { 'content-type': 'text/plain' }
  t.equal((await app.inject({ method: 'POST', url: '/users', headers, payload: 'x'.repeat(70_000) })).statusCode, 401)
  t.equal((await app.inject({ method: 'GET', url: '/users/' + 'a'.repeat(5_000) })).statusCode, 401, 'a long id, too')
})

t.test('without origins no page of another origin may read an answer', async (t) => {
  const app = await guardedApp()
  const answer = await app.inject({ url: '/open', headers: { origin: ORIGIN } })
  t.equal(answer.statusCode, 200)
  t.notMatch(Object.keys(answer.headers).join(), /access-control/)
})

t.test('a page of an origin that is listed may call with its cookies, and read what it needs', async (t) => {
  const app = await guardedApp([ORIGIN, 'https://other.example.com'])
  for (const url of ['/open', '/users', '/nowhere']) {
    const { headers } = await app.inject({ url, headers: { origin: ORIGIN } })
    t.equal(headers['access-control-allow-origin'], ORIGIN, url)
    t.equal(headers['access-control-allow-credentials'], 'true', url)
    t.equal(headers['access-control-expose-headers'], 'X-Request-Id, Retry-After, WWW-Authenticate, Location', url)
    t.equal(headers.vary, 'Origin', url)
  }
  const headers = { origin: ORIGIN, 'access-control-request-method': 'PATCH' }
  const preflight = await app.inject({ method: 'OPTIONS', url: '/users/me', headers })
  t.equal(preflight.statusCode, 204)
  t.equal(preflight.headers['access-control-allow-origin'], ORIGIN)
  t.equal(preflight.headers['access-control-allow-headers'], 'Authorization, Content-Type, X-Request-Id, X-CSRF-Token')
  t.match(preflight.headers['access-control-allow-methods'], /PATCH/)
  t.match(preflight.headers['x-request-id'], /./)
})

t.test('a page of another origin is told nothing', async (t) => {
  const app = await guardedApp([ORIGIN])
  const others = [
    'https://app.example.com.evil.test',
    'http://app.example.com',
    'https://app.example.com:8443',
    'null',
    '*'
  ]
  for (const origin of [...others, ORIGIN.toUpperCase()]) {
    const { headers } = await app.inject({ url: '/open', headers: { origin } })
    t.equal(headers['access-control-allow-origin'], undefined, origin)
    t.equal(headers['access-control-allow-credentials'], undefined, origin)
    t.equal(headers.vary, 'Origin', origin)
    const request = { origin, 'access-control-request-method': 'GET' }
    const preflight = await app.inject({ method: 'OPTIONS', url: '/open', headers: request })
    t.equal(preflight.statusCode, 405, origin)
    t.equal(preflight.headers['access-control-allow-origin'], undefined, origin)
  }
})

t.test('OPTIONS that is no preflight is a method that is not there', async (t) => {
  const app = await guardedApp([ORIGIN])
  const headers = { origin: ORIGIN, 'content-type': 'text/plain' }
  const answer = await app.inject({ method: 'OPTIONS', url: '/users', headers, payload: 'text' })
  t.equal(answer.statusCode, 405)
  t.equal(answer.headers.allow, 'GET, HEAD, POST')
  t.equal((await app.inject({ method: 'OPTIONS', url: '/nowhere', headers })).statusCode, 404)
})
