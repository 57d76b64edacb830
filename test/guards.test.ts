import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import type { Guard } from '../src/http/guard-types.ts'
import { anyone, maybeUser, requirePermission, requireRole, requireService, requireUser } from '../src/http/guards.ts'
import { ann, authenticate, bareApp, bearer, guardedApp, robot } from './support/guarded-app.ts'

/** Who asks, in the order of the columns below. Whatever is no good token must be refused, not taken for nobody. */
const CALLERS = {
  nobody: {},
  user: bearer('ann'),
  admin: bearer('root'),
  service: bearer('robot'),
  'a forged token': bearer('forged'),
  'a password': { authorization: 'Basic YW5uOnNlY3JldA==' }
}

const IN = 'in'
const WHO = 'unauthenticated'
const BAD = 'invalid_token'
const NO = 'forbidden'

const MATRIX: readonly (readonly [guards: Guard | Guard[], outcomes: readonly string[]])[] = [
  [anyone, [IN, IN, IN, IN, IN, IN]],
  [maybeUser, [IN, IN, IN, NO, BAD, BAD]],
  [requireUser, [WHO, IN, IN, NO, BAD, BAD]],
  [requireService, [WHO, NO, NO, IN, BAD, BAD]],
  [requireRole('admin'), [WHO, NO, IN, NO, BAD, BAD]],
  [requireRole('admin', 'editor'), [WHO, IN, IN, NO, BAD, BAD]],
  [requirePermission('texts:read'), [WHO, IN, NO, IN, BAD, BAD]],
  [requirePermission('texts:read', 'texts:write'), [WHO, IN, NO, NO, BAD, BAD]],
  [
    [requireRole('admin', 'editor'), requireRole('editor')],
    [WHO, IN, NO, NO, BAD, BAD]
  ],
  [
    [requirePermission('texts:read'), requireService],
    [WHO, NO, NO, IN, BAD, BAD]
  ],
  [
    [anyone, maybeUser, requireUser],
    [WHO, IN, IN, NO, BAD, BAD]
  ]
]

async function outcomesOf(app: FastifyInstance): Promise<string[]> {
  const answers = Object.values(CALLERS).map((headers) => app.inject({ url: '/', headers: { ...headers } }))
  return (await Promise.all(answers)).map((answer) => (answer.statusCode === 200 ? answer.body : answer.json().code))
}

const labelOf = (guards: Guard | Guard[]): string =>
  [guards]
    .flat()
    .map((guard) => guard.label)
    .join(' and ')

t.test('each guard lets in whom it names, and tells the others why not', async (t) => {
  for (const [guards, expected] of MATRIX) {
    const app = await guardedApp()
    app.get('/', { preHandler: guards }, async () => IN)
    t.same(await outcomesOf(app), expected, labelOf(guards))
  }
})

t.test('a guard that is run as an ordinary hook decides the same, at its place in the request', async (t) => {
  for (const [guards, expected] of MATRIX) {
    const app = await guardedApp()
    for (const guard of [guards].flat()) app.addHook('preHandler', guard)
    app.get('/', { preHandler: anyone }, async () => IN)
    t.same(await outcomesOf(app), expected, labelOf(guards))
  }
})

t.test('a guard never passes in silence where nothing can tell who is calling', async (t) => {
  for (const guard of [
    anyone,
    maybeUser,
    requireUser,
    requireService,
    requireRole('admin'),
    requirePermission('a:b')
  ]) {
    const app = bareApp()
    app.get('/', { preHandler: guard }, async () => 'in')
    const answer = await app.inject({ url: '/', headers: bearer('ann') })
    t.equal(answer.statusCode, 500)
    t.match(answer.body, `${guard.label} needs the plugin 'auth'`)
  }
})

t.test('the answer for a missing permission names all that the route asks for', async (t) => {
  const app = await guardedApp()
  app.get(
    '/',
    { preHandler: [requirePermission('texts:read', 'texts:write'), requirePermission('users:read')] },
    () => 1
  )
  const answer = await app.inject({ url: '/', headers: bearer('ann') })
  t.equal(answer.statusCode, 403)
  t.match(answer.json(), { code: 'forbidden', scope: 'texts:read texts:write users:read' })
})

t.test('who is calling, and whether they may, is settled before the body is read', async (t) => {
  const app = await guardedApp()
  let parsed = 0
  app.addContentTypeParser('application/x-counted', (_request, payload, done) => {
    parsed += 1
    payload.resume()
    done(null, {})
  })
  const schema = { body: { type: 'object', required: ['n'] } }
  app.post('/', { preHandler: [requireRole('admin')], bodyLimit: 10, schema }, async () => 'in')
  const sent = [
    { payload: '{', type: 'application/json', otherwise: 400 },
    { payload: '{}', type: 'application/json', otherwise: 400 },
    { payload: JSON.stringify({ n: 'too long' }), type: 'application/json', otherwise: 413 },
    { payload: 'x', type: 'application/x-unknown', otherwise: 415 },
    { payload: 'x', type: 'application/x-counted', otherwise: 400 }
  ]
  for (const { payload, type, otherwise } of sent) {
    const send = async (headers: object): Promise<number> =>
      (await app.inject({ method: 'POST', url: '/', payload, headers: { ...headers, 'content-type': type } }))
        .statusCode
    t.equal(await send({}), 401, type)
    t.equal(await send(bearer('ann')), 403, type)
    t.equal(parsed, 0)
    t.equal(await send(bearer('root')), otherwise, type)
  }
})

t.test('a handler finds what its guard gives, and no guard is asked twice who is calling', async (t) => {
  let asked = 0
  const app = await guardedApp({
    authenticate: (request) => {
      asked += 1
      return authenticate(request)
    }
  })
  app.addHook('preHandler', maybeUser)
  app.get('/user', { preHandler: [requireUser, requireRole('editor')] }, async (request) => request.user)
  app.get('/maybe', { preHandler: maybeUser }, async (request) => ({ user: request.maybeUser }))
  app.get('/caller', { preHandler: requirePermission('texts:read') }, async (request) => request.caller)
  t.same((await app.inject({ url: '/user', headers: bearer('ann') })).json(), ann)
  t.same((await app.inject({ url: '/maybe', headers: bearer('ann') })).json(), { user: ann })
  t.same((await app.inject({ url: '/caller', headers: bearer('ann') })).json(), ann)
  t.same((await app.inject({ url: '/maybe' })).json(), { user: null })
  t.equal(asked, 4)
})

t.test('a service is given as such', async (t) => {
  const app = await guardedApp()
  app.get('/service', { preHandler: requireService }, async (request) => request.service)
  app.get('/caller', { preHandler: requirePermission('texts:read') }, async (request) => request.caller)
  t.same((await app.inject({ url: '/service', headers: bearer('robot') })).json(), robot)
  t.same((await app.inject({ url: '/caller', headers: bearer('robot') })).json(), robot)
})

t.test('reading a caller whom no guard gave throws, and names the guard, also after a cast', async (t) => {
  const app = await guardedApp()
  const handler = async (request: FastifyRequest<{ Params: { name: string } }>): Promise<unknown> =>
    request.getDecorator(request.params.name)
  app.get('/anyone/:name', { preHandler: anyone }, handler)
  app.get('/caller/:name', { preHandler: requirePermission('texts:read') }, handler)
  app.get('/maybe/:name', { preHandler: maybeUser }, handler)
  const read = async (url: string): Promise<string> => (await app.inject({ url, headers: bearer('ann') })).body
  for (const guard of ['anyone', 'caller', 'maybe']) {
    t.match(await read(`/${guard}/user`), `request.user is not known on GET /${guard}/:name`)
    t.match(await read(`/${guard}/user`), 'only the guard requireUser or requireRole(…) gives it')
  }
  t.match(await read('/anyone/maybeUser'), 'only the guard maybeUser gives it')
  t.match(await read('/anyone/service'), 'only the guard requireService gives it')
  t.match(await read('/anyone/caller'), 'only the guard requirePermission(…) gives it')
  t.match(await read('/maybe/maybeUser'), '"id":"ann"')
})

t.test('nothing but a guard can say who the user is', async (t) => {
  const app = await guardedApp()
  app.get('/', { preHandler: requireUser }, async (request) => {
    t.throws(() => Object.assign(request, { user: { ...ann, id: 'root' } }), TypeError)
    return request.user.id
  })
  t.equal((await app.inject({ url: '/', headers: bearer('ann') })).body, 'ann')
})

t.test('a caller who is known only later is waited for, and refused all the same', async (t) => {
  const app = await guardedApp({
    authenticate: async (request) => {
      await new Promise((resolve) => setImmediate(resolve))
      return authenticate(request)
    }
  })
  app.get('/', { preHandler: requireUser }, async (request) => request.user.id)
  app.get('/maybe', { preHandler: [maybeUser, requireUser] }, async (request) => request.maybeUser?.id)
  const get = async (url: string, headers: object): Promise<string> =>
    (await app.inject({ url, headers: { ...headers } })).body
  t.equal(await get('/', bearer('ann')), 'ann')
  t.equal(await get('/maybe', bearer('ann')), 'ann')
  t.match(await get('/', {}), 'unauthenticated')
  t.match(await get('/', bearer('forged')), 'invalid_token')
  t.match(await get('/', bearer('robot')), 'forbidden')
})

t.test('a fault while asking who is calling lets nobody in', async (t) => {
  const app = await guardedApp({
    authenticate: () => {
      throw new Error('broken')
    }
  })
  app.get('/', { preHandler: maybeUser }, async () => 'in')
  t.equal((await app.inject('/')).statusCode, 500)
})

t.test(
  'a guard that is declared without a name, or with one that nobody can hold, is refused there and then',
  async (t) => {
    const role = (...names: readonly string[]) => Reflect.apply(requireRole, undefined, names)
    const permission = (...names: readonly string[]) => Reflect.apply(requirePermission, undefined, names)
    for (const names of [[], [''], ['admin', ''], ['admin '], ['a'.repeat(41)]]) {
      t.throws(() => role(...names), TypeError, JSON.stringify(names))
    }
    for (const names of [[], [''], ['users:read', ''], ['users'], ['users:'], [':read'], ['users:read audit:read']]) {
      t.throws(() => permission(...names), TypeError, JSON.stringify(names))
    }
    t.equal(requireRole('admin', 'editor').label, "requireRole('admin', 'editor')")
    t.equal(requirePermission('users:read').label, "requirePermission('users:read')")
  }
)

t.test('a guard cannot be changed after it was made', async (t) => {
  t.throws(() => Object.assign(requireUser, { policy: anyone.policy }), TypeError)
})

t.test('ordinary hooks beside a guard run as before, after it', async (t) => {
  const app = await guardedApp()
  const seen: string[] = []
  const hook = (name: string) => async (_request: FastifyRequest, _reply: FastifyReply) => {
    seen.push(name)
  }
  const preHandler = [hook('first'), requireUser, hook('second')] as const
  app.addHook('onRoute', (route) => {
    t.equal([route.preHandler].flat().length, 2, 'the guard is not run again')
  })
  app.get('/', { onRequest: hook('onRequest'), preHandler }, async () => 'in')
  app.get('/again', { preHandler }, async () => 'in')
  t.equal((await app.inject('/')).statusCode, 401)
  t.same(seen, [])
  t.equal((await app.inject({ url: '/', headers: bearer('ann') })).statusCode, 200)
  t.same(seen, ['onRequest', 'first', 'second'])
  t.equal((await app.inject('/again')).statusCode, 401, 'an array that two routes share guards both')
  t.equal(preHandler.length, 3)
})
