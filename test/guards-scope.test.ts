import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { anyone, guardScope, maybeUser, requirePermission, requireRole, requireUser } from '../src/http/guards.ts'
import { bearer, guardedApp } from './support/guarded-app.ts'

const ok = async (): Promise<string> => 'in'

async function statuses(app: FastifyInstance, url: string): Promise<number[]> {
  const callers = [{}, bearer('ann'), bearer('root'), bearer('robot')]
  const answers = callers.map((headers) => app.inject({ url, headers: { ...headers } }))
  return (await Promise.all(answers)).map((answer) => answer.statusCode)
}

t.test('a floor holds for every route of its scope and of the scopes within, and for none outside', async (t) => {
  const app = await guardedApp()
  app.get('/outside', { preHandler: anyone }, ok)
  await app.register(async (scope) => {
    guardScope(scope, requireUser)
    scope.get('/inside', ok)
    await scope.register(async (inner) => void inner.get('/deeper', ok))
  })
  t.same(await statuses(app, '/outside'), [200, 200, 200, 200])
  t.same(await statuses(app, '/inside'), [401, 200, 200, 403])
  t.same(await statuses(app, '/deeper'), [401, 200, 200, 403])
  t.same(app.accessTable, [
    { method: 'GET', url: '/deeper', guard: 'requireUser' },
    { method: 'GET', url: '/inside', guard: 'requireUser' },
    { method: 'GET', url: '/outside', guard: 'anyone' }
  ])
})

t.test('a route, or a scope within, can only add to a floor', async (t) => {
  const app = await guardedApp()
  await app.register(async (scope) => {
    guardScope(scope, requireUser)
    scope.get('/open', { preHandler: anyone }, ok)
    scope.get('/maybe', { preHandler: maybeUser }, ok)
    scope.get('/admin', { preHandler: [requireUser, requireRole('admin')] }, async (request) => request.user.id)
    await scope.register(async (inner) => {
      guardScope(inner, anyone)
      inner.get('/inner', ok)
      guardScopeOf(inner)
    })
  })
  t.same(await statuses(app, '/open'), [401, 200, 200, 403])
  t.same(await statuses(app, '/maybe'), [401, 200, 200, 403])
  t.same(await statuses(app, '/admin'), [401, 403, 200, 403])
  t.same(await statuses(app, '/inner'), [401, 200, 200, 403])
  t.same(await statuses(app, '/texts'), [401, 200, 403, 403])
  t.match(app.accessTable, [
    { url: '/admin', guard: "requireUser and requireRole('admin')" },
    { url: '/inner', guard: 'requireUser' },
    { url: '/maybe', guard: 'requireUser and maybeUser' },
    { url: '/open', guard: 'requireUser' },
    { url: '/texts', guard: "requireUser and requirePermission('texts:write')" }
  ])
})

/** A scope of its own within another. */
function guardScopeOf(scope: FastifyInstance): void {
  void scope.register(async (inner) => {
    guardScope(inner, requirePermission('texts:write'))
    inner.get('/texts', ok)
  })
}

t.test('floors of the same scope add up', async (t) => {
  const app = await guardedApp()
  await app.register(async (scope) => {
    guardScope(scope, requireRole('editor', 'admin'))
    guardScope(scope, requirePermission('texts:read'))
    scope.get('/', ok)
  })
  t.same(await statuses(app, '/'), [401, 200, 403, 403])
  t.match(app.accessTable, [{ guard: "requireRole('editor', 'admin') and requirePermission('texts:read')" }])
})

t.test('a floor counts for a scope within that was made before it was set', async (t) => {
  const app = await guardedApp()
  let within: FastifyInstance | undefined
  await app.register(async (scope) => {
    await scope.register(async (inner) => {
      within = inner
    })
    guardScope(scope, requireUser)
  })
  within?.get('/', ok)
  t.same(await statuses(app, '/'), [401, 200, 200, 403])
})

t.test('a floor that comes after routes of its scope is refused, and names them', async (t) => {
  const app = await guardedApp()
  await app.register(async (scope) => {
    scope.get('/early', { preHandler: anyone }, ok)
    await scope.register(async (inner) => void inner.post('/within', { preHandler: anyone }, ok))
    t.throws(() => guardScope(scope, requireUser), { message: /after: GET \/early, POST \/within$/ })
  })
  await app.register(async (other) => guardScope(other, requireUser))
})

t.test('a floor of the whole app may ask for somebody, and may not open it', async (t) => {
  const app = await guardedApp()
  t.throws(() => guardScope(app, anyone), { message: /anyone cannot be the floor of the whole app/ })
  t.throws(() => guardScope(app, maybeUser), { message: /maybeUser cannot be the floor of the whole app/ })
  guardScope(app, requireUser)
  app.get('/', ok)
  t.same(await statuses(app, '/'), [401, 200, 200, 403])
})

t.test('the routes of Swagger UI are opened by a floor of their own', async (t) => {
  const app = await guardedApp()
  const bearerScheme = { type: 'http', scheme: 'bearer' } as const
  await app.register(fastifySwagger, { openapi: { components: { securitySchemes: { bearer: bearerScheme } } } })
  await app.register(async (scope) => {
    guardScope(scope, anyone)
    await scope.register(fastifySwaggerUi, { routePrefix: '/docs' })
  })
  app.get('/', { preHandler: requireUser }, ok)
  t.equal((await app.inject('/docs')).statusCode, 200)
  t.equal((await app.inject('/docs/json')).statusCode, 200)
  t.equal((await app.inject('/')).statusCode, 401)
  const docs = app.accessTable.filter((row) => row.url.startsWith('/docs'))
  t.ok(docs.length > 3)
  t.ok(docs.every((row) => row.guard === 'anyone'))
})
