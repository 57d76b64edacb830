import t from 'tap'
import { servedRoutes } from '../src/http/served-routes.ts'
import { bareApp } from './support/guarded-app.ts'

t.test('every route that the router has is listed, in whatever way it is written', async (t) => {
  const app = bareApp({ exposeHeadRoutes: false })
  const handler = async (): Promise<number> => 1
  t.same(servedRoutes(app), [])
  const urls = [
    '/',
    '/a/*',
    '/b/*',
    '/users',
    '/users/:id',
    '/users/:id/roles',
    '/digits/:id(^\\d+$)',
    '/files/:name.:type',
    '/optional/:id?',
    '/with (GET) inside',
    '/caf\u00e9'
  ]
  for (const url of urls) app.get(url, handler)
  app.options('*', handler)
  app.get('/users', { constraints: { host: 'a.example.com' } }, handler)
  app.get('/users', { constraints: { host: /(GET)/ } }, handler)
  app.post('/users/:key', handler)
  const names = servedRoutes(app).flatMap(({ methods, url }) => methods.map((method) => `${method} ${url}`))
  t.same(names.sort(), [
    'GET /',
    'GET /a/*',
    'GET /b/*',
    'GET /caf\u00e9',
    'GET /digits/:id(^\\d+$)',
    'GET /files/:name.:type',
    'GET /optional',
    'GET /optional/:id',
    'GET /users',
    'GET /users',
    'GET /users',
    'GET /users/:id|:key',
    'GET /users/:id|:key/roles',
    'GET /with (GET) inside',
    'OPTIONS *',
    'POST /users/:id|:key'
  ])
})

t.test('with the hooks that run first, once the app is ready', async (t) => {
  const app = bareApp({ exposeHeadRoutes: false })
  const handler = async (): Promise<number> => 1
  const named = { everywhere: async (): Promise<void> => undefined, here: async (): Promise<void> => undefined }
  app.addHook('onRequest', named.everywhere)
  app.get('/', { onRequest: [named.here, async () => undefined] }, handler)
  app.post('/', handler)
  t.same(servedRoutes(app)[0]?.hooks, [])
  await app.ready()
  t.same(servedRoutes(app), [
    { methods: ['GET'], url: '/', hooks: ['everywhere()', 'here()', 'anonymous()'] },
    { methods: ['POST'], url: '/', hooks: ['everywhere()'] }
  ])
})
