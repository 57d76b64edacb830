import type { FastifyInstance, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import type { Caller } from '../domain/caller.ts'
import { type Policy, judge } from './access-policy.ts'
import type { Guard } from './guard-types.ts'

/**
 * Who sent the request: null when it carries no credential. Throws a Problem for one that is not good. A promise may be
 * answered, but costs every guarded request: what can be known in this process should be answered at once.
 */
export type Authenticate = (request: FastifyRequest) => Caller | null | PromiseLike<Caller | null>

/** A declared route, whether it may be served or not. */
export interface DeclaredRoute {
  readonly scope: object
  readonly methods: readonly string[]
  readonly url: string
  /** Floors first. Empty when the route declares no guard and stands under no floor. */
  readonly guards: readonly Guard[]
  /** What the guards ask together; null when there are none. */
  readonly policy: Policy | null
}

/** What the plugin `auth` keeps for one app, where the guards find it. */
export interface Access {
  readonly authenticate: Authenticate
  /** The instance that the plugin was registered on. */
  readonly home: object
  readonly routes: DeclaredRoute[]
  readonly floors: Map<object, Guard[]>
  /** Names of routes that were given a guard by the plugin's options. */
  readonly byName: Set<string>
}

export const ACCESS = Symbol('latchkey.access')
/** The caller as authenticated for this request: undefined before that, null for nobody. */
export const CALLER = Symbol('latchkey.caller')
/** What has been proved about this request: members of GIVES, or-ed. */
export const GIVEN = Symbol('latchkey.given')

declare module 'fastify' {
  interface FastifyInstance {
    readonly [ACCESS]?: Access
  }
  interface FastifyRequest {
    [CALLER]: Caller | null | undefined
    [GIVEN]: number
  }
}

/**
 * Lets the request pass, or throws what `judge` and `authenticate` throw. Nothing is awaited and nothing allocated when
 * `authenticate` answers at once: a promise here would cost a guarded route nearly half of its rate.
 */
export function enforce(
  policy: Policy,
  authenticate: Authenticate,
  request: FastifyRequest,
  done: HookHandlerDoneFunction
): void | Promise<void> {
  if (policy.verifies) {
    const caller = request[CALLER] === undefined ? authenticate(request) : request[CALLER]
    if (caller !== null && 'then' in caller) return settleLater(policy, request, caller)
    settle(policy, request, caller)
  } else {
    request[GIVEN] |= policy.gives
  }
  done()
}

function settle(policy: Policy, request: FastifyRequest, caller: Caller | null): void {
  request[CALLER] = caller
  judge(policy, caller)
  request[GIVEN] |= policy.gives
}

async function settleLater(policy: Policy, request: FastifyRequest, caller: PromiseLike<Caller | null>): Promise<void> {
  settle(policy, request, await caller)
}

/** The floors of a scope and of all scopes around it, the outermost first. */
export function floorOf(access: Access, scope: FastifyInstance): readonly Guard[] {
  const floor: Guard[] = []
  // An encapsulated instance is made with the one around it as its prototype.
  for (let at: unknown = scope; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at)) {
    floor.unshift(...(access.floors.get(at) ?? []))
  }
  return floor
}
