/**
 * How `preHandler: requireRole('admin')` narrows the handler's request. Types only, nothing runs.
 *
 * Fastify's route methods each get one more overload, tried first, which matches when `preHandler` holds guards. It is
 * Fastify's own signature with two changes: `preHandler` is inferred, and the handler's request is `& Given<PreHandlers>`.
 */
import type {} from '@fastify/jwt'
import type {
  ContextConfigDefault,
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifySchema,
  FastifyTypeProvider,
  FastifyTypeProviderDefault,
  HookHandlerDoneFunction,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerBase,
  RawServerDefault,
  RouteGenericInterface,
  RouteOptions,
  RouteShorthandOptions
} from 'fastify'
import type { ResolveFastifyReplyReturnType } from 'fastify/types/type-provider.js'
import type { Policy } from './access-policy.ts'

declare const gives: unique symbol

/** A preHandler that also says, in its type, what it proves about the request. */
export interface Guard<Gives extends object = object> {
  (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void | Promise<void>
  /** As it is written in a route, and shown in the access table: `requireRole('admin')`. */
  readonly label: string
  readonly policy: Policy
  /** For the compiler alone; there is no value. */
  readonly [gives]?: Gives
}

/** An ordinary hook of either style. It proves nothing. */
type Hook = (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction) => unknown

type PreHandlers = Guard | readonly (Guard | Hook)[]

/** What the guards at fixed places prove together. A place that may be empty, and a choice of two guards, prove nothing. */
export type Given<P> = P extends readonly [infer First, ...infer Rest]
  ? GivenByOne<First> & Given<Rest>
  : P extends readonly unknown[]
    ? object
    : GivenByOne<P>

type GivenByOne<G> = G extends { readonly [gives]?: infer Gives } ? NonNullable<Gives> : object

/** Fastify's RouteHandlerMethod, for a request about which more is known. The schema is inferred from the options alone. */
type GuardedHandler<
  P,
  RawServer extends RawServerBase,
  RawRequest extends RawRequestDefaultExpression<RawServer>,
  RawReply extends RawReplyDefaultExpression<RawServer>,
  Route extends RouteGenericInterface,
  Config,
  Schema extends FastifySchema,
  Provider extends FastifyTypeProvider,
  Logger extends FastifyBaseLogger
> = (
  this: FastifyInstance<RawServer, RawRequest, RawReply, Logger, Provider>,
  request: FastifyRequest<Route, RawServer, RawRequest, NoInfer<Schema>, Provider, Config, Logger> & Given<P>,
  reply: FastifyReply<Route, RawServer, RawRequest, RawReply, Config, NoInfer<Schema>, Provider>
) => ResolveFastifyReplyReturnType<Provider, NoInfer<Schema>, Route>

/** Fastify's options of a shorthand method, but for what the overloads below infer. */
type OtherOptions<
  RawServer extends RawServerBase,
  RawRequest extends RawRequestDefaultExpression<RawServer>,
  RawReply extends RawReplyDefaultExpression<RawServer>,
  Route extends RouteGenericInterface,
  Config,
  Schema extends FastifySchema,
  Provider extends FastifyTypeProvider,
  Logger extends FastifyBaseLogger
> = Omit<RouteShorthandOptions<RawServer, RawRequest, RawReply, Route, Config, Schema, Provider, Logger>, 'preHandler'>

/** The same of `route()`. */
type OtherRouteOptions<
  RawServer extends RawServerBase,
  RawRequest extends RawRequestDefaultExpression<RawServer>,
  RawReply extends RawReplyDefaultExpression<RawServer>,
  Route extends RouteGenericInterface,
  Config,
  Schema extends FastifySchema,
  Provider extends FastifyTypeProvider,
  Logger extends FastifyBaseLogger
> = Omit<
  RouteOptions<RawServer, RawRequest, RawReply, Route, Config, Schema, Provider, Logger>,
  'preHandler' | 'handler'
>

declare module '@fastify/jwt' {
  // Without a guard nothing is known about the user: reading a member of it does not compile (TS18046).
  interface FastifyJWT {
    user: unknown
  }
}

declare module 'fastify' {
  interface RouteShorthandMethod<
    RawServer extends RawServerBase = RawServerDefault,
    RawRequest extends RawRequestDefaultExpression<RawServer> = RawRequestDefaultExpression<RawServer>,
    RawReply extends RawReplyDefaultExpression<RawServer> = RawReplyDefaultExpression<RawServer>,
    TypeProvider extends FastifyTypeProvider = FastifyTypeProviderDefault,
    Logger extends FastifyBaseLogger = FastifyBaseLogger
  > {
    /** With a guard: `app.get(path, { preHandler: requireUser }, handler)`. */
    <
      const P extends PreHandlers,
      Route extends RouteGenericInterface = RouteGenericInterface,
      Config = ContextConfigDefault,
      const Schema extends FastifySchema = FastifySchema
    >(
      path: string,
      options: OtherOptions<RawServer, RawRequest, RawReply, Route, Config, Schema, TypeProvider, Logger> & {
        preHandler: P
      },
      handler: GuardedHandler<P, RawServer, RawRequest, RawReply, Route, Config, Schema, TypeProvider, Logger>
    ): FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider>

    /** With a guard, the handler among the options. */
    <
      const P extends PreHandlers,
      Route extends RouteGenericInterface = RouteGenericInterface,
      Config = ContextConfigDefault,
      const Schema extends FastifySchema = FastifySchema
    >(
      path: string,
      options: OtherOptions<RawServer, RawRequest, RawReply, Route, Config, Schema, TypeProvider, Logger> & {
        preHandler: P
        handler: GuardedHandler<P, RawServer, RawRequest, RawReply, Route, Config, Schema, TypeProvider, Logger>
      }
    ): FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider>
  }

  interface FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider> {
    /** With a guard. */
    route<
      const P extends PreHandlers,
      Route extends RouteGenericInterface = RouteGenericInterface,
      Config = ContextConfigDefault,
      const Schema extends FastifySchema = FastifySchema
    >(
      options: OtherRouteOptions<RawServer, RawRequest, RawReply, Route, Config, Schema, TypeProvider, Logger> & {
        preHandler: P
        handler: GuardedHandler<P, RawServer, RawRequest, RawReply, Route, Config, Schema, TypeProvider, Logger>
      }
    ): FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider>
  }
}
