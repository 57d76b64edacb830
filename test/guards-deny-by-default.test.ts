import fastifyCors from '@fastify/cors'
import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance, HTTPMethods } from 'fastify'
import fp from 'fastify-plugin'
import t from 'tap'
import auth from '../plugins/auth.ts'
import { anyone, guardScope, requireService, requireUser } from '../src/http/guards.ts'
import { bareApp, bearer, guardedApp, options } from './support/guarded-app.ts'

const open = async (): Promise<string> => 'served unguarded'

/** The routes that the error names, when that is what stops the app. */
async function refused(app: FastifyInstance): Promise<readonly string[] | string> {
  try {
    await app.ready()
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'routes' in error) {
      t.equal(error.code, 'LATCHKEY_UNGUARDED_ROUTES')
      const routes = Array.isArray(error.routes) ? error.routes : []
      for (const route of routes) t.match(error.message, route)
      return routes
    }
    return String(error)
  }
  return 'became ready'
}

t.test('the server does not start with a route that has no guard, and names every one', async (t) => {
  const app = await guardedApp()
  app.get('/guarded', { preHandler: requireUser }, open)
  app.get('/a', open)
  app.post('/b', { preHandler: async () => undefined }, open)
  app.route({ method: ['PUT', 'PATCH'], url: '/c/:id', onRequest: requireUser, handler: open })
  await app.register(async (scope) => void scope.get('/d', open), { prefix: '/x' })
  t.same(await refused(app), ['GET /a', 'GET /x/d', 'PATCH /c/:id', 'POST /b', 'PUT /c/:id'])
})

t.test('also when the routes come from all the methods, a prefix, an after() or another plugin', async (t) => {
  const app = await guardedApp()
  app.all('/all', open)
  await app.register(async (scope) => void scope.get('/', open), { prefix: '/root' })
  await app.register(async (scope) => void scope.get('/', { prefixTrailingSlash: 'slash' }, open), { prefix: '/slash' })
  app.after(() => app.get('/after', open))
  await app.register(fp(async (whole) => void whole.get('/plugin', open)))
  const routes = await refused(app)
  for (const name of ['GET /after', 'GET /plugin', 'GET /root', 'GET /slash/', 'DELETE /all', 'POST /all']) {
    t.ok(routes.includes(name), name)
  }
})

t.test('a guard put among the hooks of another kind is no guard of the route', async (t) => {
  const app = await guardedApp()
  app.get('/', { preValidation: requireUser }, open)
  t.same(await refused(app), ['GET /'])
})

t.test('something that only looks like a guard is none', async (t) => {
  const app = await guardedApp()
  const { label, policy } = requireUser
  app.get('/', { preHandler: Object.assign(async () => undefined, { label, policy }) }, open)
  t.same(await refused(app), ['GET /'])
})

t.test('the guards do not register on an app that has routes, and name them', async (t) => {
  await t.test('a route declared before', async (t) => {
    const app = bareApp()
    app.get('/early', open)
    await app.register(auth, options).then(
      () => t.fail('registered'),
      (error: unknown) => t.match(error, { code: 'LATCHKEY_UNGUARDED_ROUTES', routes: ['GET /early'] })
    )
  })

  await t.test('a route declared after a registration that was not awaited', async (t) => {
    const app = bareApp()
    void app.register(auth, options)
    app.get('/early', { preHandler: requireUser }, open)
    t.same(await refused(app), ['GET /early'])
    t.not((await app.inject('/early').catch(() => null))?.statusCode, 200)
  })

  await t.test('routes that another plugin brought', async (t) => {
    const app = bareApp()
    await app.register(fastifySwagger)
    await app.register(fastifySwaggerUi, { routePrefix: '/docs' })
    void app.register(auth, options)
    const routes = await refused(app)
    t.ok(routes.includes('GET /docs/json'))
    t.ok(routes.includes('GET /docs/static/*'))
  })
})

t.test('routes outside of the scope that the guards were registered in are refused, too', async (t) => {
  const app = bareApp()
  await app.register(async (scope) => {
    await scope.register(auth, options)
    scope.get('/inside', { preHandler: requireUser }, open)
  })
  app.get('/outside', open)
  t.same(await refused(app), ['GET /outside'])
})

t.test('a route on an instance made before the guards is refused at the start, and at each request', async (t) => {
  const app = bareApp()
  let early: FastifyInstance | undefined
  await app.register(async (scope) => {
    early = scope
  })
  await app.register(auth, options)
  early?.get('/unseen/:id', open)
  early?.post('/a/*', open)
  early?.get('/b/*', open)
  app.get('/seen', { preHandler: anyone }, async () => 'seen')
  t.same(await refused(app), ['GET /b/*', 'GET /unseen/:id', 'POST /a/*'])
  t.equal((await app.inject('/seen')).body, 'seen')
  t.same((await app.inject({ url: '/unseen/1', headers: bearer('ann') })).json(), { code: 'internal_error' })
})

t.test('a request that no guard has decided about is refused before its body, and the log says why', async (t) => {
  const lines: string[] = []
  const app = bareApp({ logger: { level: 'error', stream: { write: (line: string) => void lines.push(line) } } })
  await app.register(auth, options)
  let parsed = false
  app.addContentTypeParser('text/x', (_request, _payload, done) => {
    parsed = true
    done(null)
  })
  // A plugin that takes every hook of a route away, and with them the decision.
  app.addHook('onRoute', (route) => {
    route.onRequest = []
  })
  app.post('/dropped', { preHandler: requireUser }, open)
  t.same(await refused(app), ['POST /dropped'])
  const headers = { 'content-type': 'text/x', ...bearer('ann') }
  const answer = await app.inject({ method: 'POST', url: '/dropped', headers, payload: 'x' })
  t.equal(answer.statusCode, 500)
  t.same(answer.json(), { code: 'internal_error' })
  t.equal(parsed, false)
  t.match(lines.join(''), 'No guard has decided about POST /dropped')
})

t.test('what is not there is 404 and needs no guard', async (t) => {
  const app = await guardedApp()
  app.setNotFoundHandler(async (_request, reply) => reply.code(404).send('nothing here'))
  app.get('/', { preHandler: anyone }, async (_request, reply) => {
    reply.callNotFound()
    return reply
  })
  t.equal((await app.inject('/elsewhere')).body, 'nothing here')
  t.equal((await app.inject({ method: 'POST', url: '/' })).body, 'nothing here')
  t.equal((await app.inject('/')).body, 'nothing here')
})

t.test('every way of declaring a guarded route is guarded, and HEAD with GET', async (t) => {
  const app = await guardedApp()
  const shared = { preHandler: [requireUser] }
  app.get('/shared', shared, open)
  app.post('/shared', shared, open)
  const route = { method: ['PUT', 'DELETE'], url: '/route', preHandler: requireUser, handler: open } as const
  app.route({ ...route, method: [...route.method] })
  app.all('/all', { preHandler: requireUser }, open)
  app.head('/head', { preHandler: requireUser }, open)
  app.get('/versioned', { preHandler: requireUser, constraints: { version: '1.0.0' } }, open)
  app.get('/versioned', { preHandler: requireUser }, open)
  app.get('/optional/:id?', { preHandler: requireUser }, open)
  app.get('/with-config', { preHandler: requireUser, config: { app } }, open)
  await app.register(
    async (scope) => {
      scope.get('/', { preHandler: requireUser }, open)
      await scope.register(async (inner) => void inner.get('/inner', { preHandler: requireUser }, open), {
        prefix: '/deep/'
      })
    },
    { prefix: '/scope' }
  )
  t.equal(await refused(app), 'became ready')
  const requests: readonly (readonly [HTTPMethods, string])[] = [
    ['GET', '/shared'],
    ['HEAD', '/shared'],
    ['POST', '/shared'],
    ['PUT', '/route'],
    ['DELETE', '/route'],
    ['TRACE', '/all'],
    ['OPTIONS', '/all'],
    ['PATCH', '/all'],
    ['HEAD', '/head'],
    ['GET', '/versioned'],
    ['GET', '/optional'],
    ['GET', '/optional/1'],
    ['GET', '/with-config'],
    ['GET', '/scope'],
    ['HEAD', '/scope'],
    ['GET', '/scope/'],
    ['HEAD', '/scope/'],
    ['GET', '/scope/deep/inner']
  ]
  for (const [method, url] of requests) {
    t.equal((await app.inject({ method, url })).statusCode, 401, `${method} ${url}`)
    t.equal((await app.inject({ method, url, headers: bearer('ann') })).statusCode, 200, `${method} ${url}`)
  }
  const versioned = { url: '/versioned', headers: { 'accept-version': '1.0.0' } }
  t.equal((await app.inject(versioned)).statusCode, 401)
})

t.test('a route that comes when everything is ready is not served', async (t) => {
  const app = await guardedApp()
  app.get('/', { preHandler: anyone }, open)
  await app.register(async (scope) => {
    scope.addHook('onReady', async () => {
      scope.get('/late', open)
    })
  })
  t.not(await refused(app), 'became ready')
})

t.test('a mistake in a route is answered where it is made, and is no uncaught exception', async (t) => {
  const app = await guardedApp()
  app.get('/', { preHandler: anyone }, open)
  t.throws(() => Reflect.apply(app.get, app, ['/wrong', { preHandler: ['no hook', requireUser] }, open]), {
    code: 'FST_ERR_HOOK_INVALID_HANDLER'
  })
  t.throws(() => app.get('/', { preHandler: anyone }, open), { code: 'FST_ERR_DUPLICATED_ROUTE' })
})

t.test('guards that let nobody in are found at the start', async (t) => {
  const app = await guardedApp()
  app.get('/nobody', { preHandler: [requireUser, requireService] }, open)
  t.match(await refused(app), 'The guards of these routes let nobody in: GET /nobody')
})

t.test('a route that another plugin brings on the whole app gets its guard by name', async (t) => {
  await t.test('which opens that route and no other', async (t) => {
    const app = await guardedApp({ guards: { 'OPTIONS *': anyone } })
    await app.register(fastifyCors, { origin: 'https://app.example.com' })
    app.get('/', { preHandler: requireUser }, open)
    await app.ready()
    t.match(app.accessTable, [{ method: 'OPTIONS', url: '*', guard: 'anyone' }, { guard: 'requireUser' }])
    const headers = { origin: 'https://app.example.com', 'access-control-request-method': 'GET' }
    t.equal((await app.inject({ method: 'OPTIONS', url: '/', headers })).statusCode, 204)
    const refusal = await app.inject({ url: '/', headers })
    t.equal(refusal.statusCode, 401)
    t.equal(refusal.headers['access-control-allow-origin'], 'https://app.example.com', 'a script may read the refusal')
  })

  await t.test('but not in place of one that the route declares', async (t) => {
    const app = await guardedApp({ guards: { 'GET /': anyone } })
    app.get('/', { preHandler: requireUser, exposeHeadRoute: false }, open)
    t.match(await refused(app), 'Guards are named for routes that are not there, or have one: GET /')
    t.equal((await app.inject('/')).statusCode, 401)
  })

  await t.test('nor for half of a route', async (t) => {
    const app = await guardedApp({ guards: { 'GET /': anyone } })
    app.route({ method: ['GET', 'POST'], url: '/', handler: open, exposeHeadRoute: false })
    t.same(await refused(app), ['GET /', 'POST /'])
  })

  await t.test('and a name that no route answers to stops the start', async (t) => {
    const app = await guardedApp({ guards: { 'OPTIONS *': anyone } })
    t.match(await refused(app), 'OPTIONS *')
  })
})

t.test('where the routes cannot be listed, the start says so and nothing opens', async (t) => {
  const lines: string[] = []
  const app = bareApp({ logger: { level: 'warn', stream: { write: (line: string) => void lines.push(line) } } })
  let early: FastifyInstance | undefined
  await app.register(async (scope) => {
    early = scope
  })
  await app.register(auth, options)
  early?.get('/unseen', open)
  app.get('/seen', { preHandler: anyone }, async () => 'seen')
  app.printRoutes = () => 'drawn in another way'
  t.equal(await refused(app), 'became ready')
  t.match(lines.join(''), 'cannot be listed')
  t.equal((await app.inject('/seen')).body, 'seen')
  t.equal((await app.inject('/unseen')).statusCode, 500)

  const other = await guardedApp()
  other.printRoutes = () => 'drawn in another way'
  other.get('/open', open)
  t.same(await refused(other), ['GET /open'])
})

t.test('a floor without the plugin is refused, and names it', async (t) => {
  t.throws(() => guardScope(bareApp(), requireUser), { message: /needs the plugin 'auth'/ })
})
