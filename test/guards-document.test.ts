import fastifySwagger from '@fastify/swagger'
import t from 'tap'
import {
  anyone,
  guardScope,
  maybeUser,
  requirePermission,
  requireRole,
  requireService,
  requireUser
} from '../src/http/guards.ts'
import { guardedApp, responses } from './support/guarded-app.ts'

const ok = async (): Promise<string> => 'in'

const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer' },
  basic: { type: 'http', scheme: 'basic' },
  service: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: '/token', scopes: {} } } }
} as const

/** What the OpenAPI document says about each path's GET. */
async function operations(
  declare: (app: Awaited<ReturnType<typeof guardedApp>>) => void,
  options: Parameters<typeof guardedApp>[0] = {}
): Promise<Record<string, object>> {
  const app = await guardedApp(options)
  await app.register(fastifySwagger, { openapi: { openapi: '3.1.0', components: { securitySchemes } } })
  declare(app)
  await app.ready()
  const document: { paths?: Record<string, { get?: object }> } = JSON.parse(JSON.stringify(app.swagger()))
  return Object.fromEntries(Object.entries(document.paths ?? {}).map(([path, item]) => [path, item.get ?? {}]))
}

t.test('the document says of each route what its guards ask, and what they answer', async (t) => {
  const found = await operations((app) => {
    app.get('/anyone', { preHandler: anyone }, ok)
    app.get('/maybe', { preHandler: maybeUser }, ok)
    app.get('/user', { preHandler: requireUser }, ok)
    app.get('/service', { preHandler: requireService }, ok)
    app.get('/role', { preHandler: requireRole('admin', 'editor') }, ok)
    app.get('/roles', { preHandler: [requireRole('admin'), requireRole('editor')] }, ok)
    app.get('/permission', { preHandler: requirePermission('texts:read', 'texts:write') }, ok)
    void app.register(async (scope) => {
      guardScope(scope, requireUser)
      scope.get('/floor', ok)
      scope.get('/more', { preHandler: [anyone, requirePermission('texts:read')] }, ok)
    })
  })
  const required = [{ bearer: [] }]
  const statuses = ['401', '403', '503']
  t.same(said(found['/anyone']), { security: [], statuses: ['200'] })
  t.same(said(found['/maybe']), { security: [{}, { bearer: [] }], statuses })
  for (const path of ['/user', '/service', '/floor']) t.same(said(found[path]), { security: required, statuses }, path)
  t.same(said(found['/role']), { security: required, statuses, roles: ['admin', 'editor'] })
  t.same(said(found['/roles']), { security: required, statuses, roles: [['admin'], ['editor']] })
  const permissions = ['texts:read', 'texts:write']
  t.same(said(found['/permission']), { security: required, statuses, permissions })
  t.same(said(found['/more']), { security: required, statuses, permissions: ['texts:read'] })
})

t.test('where the document says how services get their tokens, so does each route that lets them in', async (t) => {
  const declare: Parameters<typeof operations>[0] = (app) => {
    app.get('/anyone', { preHandler: anyone }, ok)
    app.get('/user', { preHandler: requireUser }, ok)
    app.get('/service', { preHandler: requireService }, ok)
    app.get('/permission', { preHandler: requirePermission('texts:read', 'texts:write') }, ok)
    app.get('/both', { preHandler: [requirePermission('texts:read'), requireRole('admin')] }, ok)
  }
  const found = await operations(declare, { serviceScheme: 'service' })
  const securityOf = (path: string): unknown => Object(found[path]).security
  t.same(securityOf('/anyone'), [])
  t.same(securityOf('/user'), [{ bearer: [] }])
  t.same(securityOf('/service'), [{ bearer: [] }, { service: [] }])
  t.same(securityOf('/permission'), [{ bearer: [] }, { service: ['texts:read', 'texts:write'] }])
  t.same(securityOf('/both'), [{ bearer: [] }], 'no service has a role')
})

function said(operation: object | undefined): object {
  const { security, responses, ...rest }: Record<string, unknown> = { ...operation }
  const roles = rest['x-required-roles']
  const permissions = rest['x-required-permissions']
  return {
    security,
    statuses: Object.keys(Object(responses)).filter((status) => status !== 'default'),
    ...(roles !== undefined && { roles }),
    ...(permissions !== undefined && { permissions })
  }
}

t.test('what the route itself says of a status stays, and nothing that it holds is changed', async (t) => {
  const own = { description: 'My own words.', type: 'object' }
  const schema = Object.freeze({ tags: ['x'], response: Object.freeze({ 200: { type: 'string' }, 403: own }) })
  const options = Object.freeze({ preHandler: Object.freeze([requireUser] as const), schema })
  const found = await operations((app) => {
    app.get('/one', options, ok)
    app.get('/two', options, ok)
  })
  for (const path of ['/one', '/two']) {
    const answers: Record<string, { description?: string }> = Object(Object(found[path]).responses)
    t.equal(answers['403']?.description, own.description)
    t.equal(answers['401']?.description, responses[401].description)
    t.same(Object(found[path]).tags, ['x'])
  }
  t.same(schema, { tags: ['x'], response: { 200: { type: 'string' }, 403: own } })
})

t.test(
  'security that a route describes itself stays where no guard looks at credentials, and only there',
  async (t) => {
    const security = [{ basic: [] }]
    const found = await operations((app) => {
      app.get('/token', { preHandler: anyone, schema: { security } }, ok)
      app.get('/user', { preHandler: requireUser, schema: { security: [] } }, ok)
      app.get('/hidden', { preHandler: requireUser, schema: { hide: true } }, ok)
    })
    t.same(Object(found['/token']).security, security)
    t.same(Object(found['/user']).security, [{ bearer: [] }])
    t.notOk('/hidden' in found)
  }
)

t.test(
  'the access table has one row for each method and path, sorted, and HEAD only where it differs from GET',
  async (t) => {
    const app = await guardedApp()
    app.post('/b', { preHandler: requireRole('admin') }, ok)
    app.get('/b', { preHandler: [requireUser, requireUser] }, ok)
    app.route({ method: ['PUT', 'DELETE'], url: '/a/:id', preHandler: requirePermission('texts:write'), handler: ok })
    app.head('/c', { preHandler: anyone }, ok)
    app.get('/c', { preHandler: requireUser }, ok)
    app.head('/d', { preHandler: anyone }, ok)
    await app.register(async (scope) => void scope.get('/', { preHandler: anyone }, ok), { prefix: '/p' })
    app.get('/none', ok)
    t.same(app.accessTable, [
      { method: 'DELETE', url: '/a/:id', guard: "requirePermission('texts:write')" },
      { method: 'PUT', url: '/a/:id', guard: "requirePermission('texts:write')" },
      { method: 'GET', url: '/b', guard: 'requireUser' },
      { method: 'POST', url: '/b', guard: "requireRole('admin')" },
      { method: 'GET', url: '/c', guard: 'requireUser' },
      { method: 'HEAD', url: '/c', guard: 'anyone' },
      { method: 'HEAD', url: '/d', guard: 'anyone' },
      { method: 'GET', url: '/none', guard: 'none' },
      { method: 'GET', url: '/p', guard: 'anyone' }
    ])
  }
)
