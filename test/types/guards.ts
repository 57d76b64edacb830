/**
 * What must compile with a guard, and what must not. Nothing runs: `tsc --noEmit` is the test, and an error that fails to
 * appear is an error itself (`@ts-expect-error`). That this bites is proved by test/guards-types.test.ts.
 */
import type { FastifyPluginAsyncTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type Static, type TSchema, Type } from '@sinclair/typebox'
import Fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  type preHandlerHookHandler
} from 'fastify'
import fp from 'fastify-plugin'
import type { Caller, Service, User } from '../../src/domain/caller.ts'
import type { Guard } from '../../src/http/guard-types.ts'
import {
  anyone,
  guardScope,
  maybeUser,
  requirePermission,
  requireRole,
  requireLocalUser,
  requireService,
  requireUser
} from '../../src/http/guards.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** Compiles when the type is `true`. */
const is = <_Proved extends true>(): void => {}

const Body = Type.Object({ count: Type.Integer(), tag: Type.Optional(Type.String()) })
const Params = Type.Object({ id: Type.String() })
const Answer = Type.Object({ id: Type.String() })
const Refusal = Type.Object({ code: Type.String() })

declare const ordinaryHook: preHandlerHookHandler
declare const strict: boolean
declare const anyGuards: Guard[]
declare const anyString: string
declare const anyStrings: string[]
declare const someStrings: [string, ...string[]]

export const whatGuardsGive: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/user', { preHandler: requireUser }, async (request) => {
    is<Equal<typeof request.user, User>>()
  })
  app.get('/role', { preHandler: requireRole('admin', 'editor') }, async (request) => {
    is<Equal<typeof request.user, User>>()
  })
  app.get('/maybe', { preHandler: maybeUser }, async (request) => {
    is<Equal<typeof request.maybeUser, User | null>>()
    // @ts-expect-error it may be nobody
    return request.maybeUser.id
  })
  app.get('/local', { preHandler: requireLocalUser }, async (request) => {
    is<Equal<typeof request.user.sessionId, string>>()
    is<Equal<typeof request.user.email, string>>()
  })
  app.get('/external', { preHandler: requireUser }, async (request) => {
    // @ts-expect-error the user of another issuer has no session here
    is<Equal<typeof request.user.sessionId, string>>()
    // @ts-expect-error nor a subject, before it is known that it is one
    String(request.user.subject)
    return request.user.sessionId === null ? request.user.subject : request.user.id
  })
  app.get('/service', { preHandler: requireService }, async (request) => {
    is<Equal<typeof request.service, Service>>()
    // @ts-expect-error a service is no user
    return request.user.id
  })
  app.get('/permission', { preHandler: requirePermission('texts:read') }, async (request) => {
    is<Equal<typeof request.caller, Caller>>()
    // @ts-expect-error a service has no e-mail address
    String(request.caller.email)
    return request.caller.kind === 'user' ? request.caller.email : request.caller.clientId
  })
  app.get('/both', { preHandler: [requireUser, requirePermission('texts:read')] }, async (request) => {
    is<Equal<typeof request.user, User>>()
    is<Equal<typeof request.caller, Caller>>()
  })
  app.get('/read-only', { preHandler: requireUser }, async (request) => {
    // @ts-expect-error what was verified is not changed
    request.user.id = 'another'
  })
}

export const besideSchemas: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/:id',
    {
      preHandler: requireRole('admin'),
      schema: { body: Body, params: Params, response: { 200: Answer, 404: Refusal } }
    },
    async (request, reply) => {
      is<Equal<typeof request.user, User>>()
      is<Equal<typeof request.body.count, number>>()
      is<Equal<typeof request.params.id, string>>()
      if (request.body.count === 0) return reply.code(404).send({ code: 'none' })
      return { id: request.user.id }
    }
  )
  app.get('/sent', { preHandler: requireUser, schema: { response: { 200: Answer } } }, (request, reply) => {
    void reply.send({ id: request.user.id })
  })
  const options = { preHandler: requireUser, schema: { body: Body, response: { 200: Answer } } }
  // @ts-expect-error the answer is still held to its schema
  app.post('/wrong', options, async (request) => ({ nope: request.user.id }))
}

export const everyFormOfRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/handler-within', {
    preHandler: requireUser,
    schema: { querystring: Body },
    handler: async (request) => request.query.count + request.user.id
  })
  app.route({
    method: ['GET', 'HEAD'],
    url: '/route',
    preHandler: requireUser,
    schema: { querystring: Body, response: { 200: Answer } },
    handler: async (request) => ({ id: request.user.id + String(request.query.count) })
  })
  app.get('/function', { preHandler: requireUser }, async function (request) {
    this.log.info('the instance is still `this`')
    return request.user.id
  })
  const options = { preHandler: requireUser, schema: { response: { 200: Answer } } }
  app.get('/options-elsewhere', options, async (request) => ({ id: request.user.id }))
  app.all('/all', { preHandler: requireUser }, async (request) => request.user.id)
  await app.register(async (child) => {
    child.get('/child', { preHandler: requireUser }, async (request) => request.user.id)
  })
}

export const amongOtherHooks: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/two', { preHandler: [requireUser, requireRole('admin')] }, async (request) => request.user.id)
  app.get('/second', { preHandler: [ordinaryHook, requireUser] }, async (request) => request.user.id)
  const promised = [
    requireUser,
    async (request: FastifyRequest, reply: FastifyReply) => void reply.header('x', request.id)
  ] as const
  app.get('/elsewhere', { preHandler: promised }, async (request) => request.user.id)
  app.get(
    '/async',
    { preHandler: [requireUser, async (request, reply) => void reply.header('x', request.id)] },
    async (request) => request.user.id
  )
  app.get(
    '/callback',
    {
      preHandler: [
        requireUser,
        (request, _reply, done) => {
          request.log.info('an ordinary hook')
          done()
        }
      ]
    },
    async (request) => request.user.id
  )
}

export const withoutAGuard: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/hook', { preHandler: async (request, reply) => void reply.header('x', request.id) }, async () => 1)
  app.route({ method: 'GET', url: '/', schema: { querystring: Body }, handler: async (request) => request.query.count })
  app.get('/none', async (request) => {
    // @ts-expect-error nothing is known about the user
    String(request.user.id)
    // @ts-expect-error and there is no such member
    String(request.maybeUser)
    // @ts-expect-error and there is no such member
    String(request.service)
    // @ts-expect-error and there is no such member
    String(request.caller)
  })
  app.get('/anyone', { preHandler: anyone }, async (request) => {
    // @ts-expect-error anyone gives no user
    return request.user.id
  })
  app.get('/ordinary', { preHandler: ordinaryHook }, async (request) => {
    // @ts-expect-error an ordinary hook proves nothing
    return request.user.id
  })
  app.get('/perhaps', { preHandler: [anyone, ...(strict ? [requireUser] : [])] }, async (request) => {
    // @ts-expect-error a place that may be empty proves nothing
    return request.user.id
  })
  app.get('/either', { preHandler: strict ? requireUser : maybeUser }, async (request) => {
    // @ts-expect-error of two guards neither is certain
    return request.user.id
  })
  app.get('/list', { preHandler: anyGuards }, async (request) => {
    // @ts-expect-error a list of any length proves nothing
    return request.user.id
  })
  app.get('/elsewhere', { onRequest: requireUser }, async (request) => {
    // @ts-expect-error only preHandler is looked at
    return request.user.id
  })
  app.addHook('preHandler', requireUser)
  app.get<{ Params: { id: string } }>('/generics/:id', { preHandler: requireUser }, async (request) => {
    is<Equal<typeof request.params.id, string>>()
    // @ts-expect-error type arguments written by hand leave no room to infer the guard: describe params by a schema
    return request.user.id
  })
  await app.register(async (scope) => {
    guardScope(scope, requireUser)
    scope.get('/floor', async (request) => {
      // @ts-expect-error a handler that reads the user names its guard
      return request.user.id
    })
  })
}

export const anyHookWillDo: FastifyPluginAsync = async (app) => {
  app.addHook('onRequest', requireUser)
  app.addHook('preValidation', requireRole('admin'))
  app.addHook('preHandler', requirePermission('texts:read'))
  app.setNotFoundHandler({ preHandler: requireUser, preValidation: [maybeUser] }, async () => 1)
}

export const onlyNames = (): void => {
  requireRole(anyString)
  requireRole(...someStrings)
  requirePermission(`${anyString}:read`)
  // @ts-expect-error at least one
  requireRole()
  // @ts-expect-error perhaps none
  requireRole(...anyStrings)
  // @ts-expect-error no name
  requireRole('')
  // @ts-expect-error no name
  requireRole('admin', '')
  // @ts-expect-error at least one
  requirePermission()
  // @ts-expect-error no name
  requirePermission('')
  // @ts-expect-error a permission is word:word
  requirePermission('texts')
}

type UserRequest = FastifyRequest & { readonly user: User }
const named = async (request: UserRequest, reply: FastifyReply): Promise<FastifyReply> => reply.send(request.user.id)

export const handlersElsewhere = async (app: FastifyInstance): Promise<void> => {
  app.get('/', { preHandler: requireUser }, named)
  // @ts-expect-error it needs a user, and the route has no guard
  app.get('/none', named)
  // @ts-expect-error nor does anyone give one
  app.get('/anyone', { preHandler: anyone }, named)
}

export const plain: FastifyPluginAsync = async (app) => {
  app.get('/', { preHandler: requireUser }, async (request) => request.user.id)
  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .post('/typed', { preHandler: requireUser, schema: { body: Body } }, async (request) => {
      return request.body.count + request.user.id
    })
}

export default fp(async (app: FastifyInstance) => {
  app.get('/', { preHandler: requireUser }, async (request) => request.user.id)
})

export const otherServers = (): void => {
  Fastify({ logger: true })
    .withTypeProvider<TypeBoxTypeProvider>()
    .get('/', { preHandler: requireUser, schema: { response: { 200: Answer } } }, async (request) => ({
      id: request.user.id
    }))
  const http2 = Fastify({ http2: true })
  http2.get('/', { preHandler: requireUser }, async (request) => request.user.id)
  guardScope(http2, requireUser)
}

export const withinGenerics = <S extends TSchema>(
  app: FastifyInstance,
  path: string,
  _schema: S,
  load: (id: string) => Promise<Static<S>>
): void => {
  app.get(path, { preHandler: requireUser }, async (request) => load(request.user.id))
}
