import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyRequest,
  type FastifyServerOptions
} from 'fastify'
import auth, { type AuthOptions } from '../../plugins/auth.ts'
import type { Caller, Service, User } from '../../src/domain/caller.ts'
import { Problem } from '../../src/domain/problems.ts'
import { bearerToken } from '../../src/http/bearer.ts'

export const ann: User = Object.freeze({
  kind: 'user',
  id: 'ann',
  email: 'ann@example.com',
  roles: ['editor'],
  permissions: ['texts:read', 'texts:write'],
  sessionId: 's1',
  tokenId: 't1',
  issuer: 'https://auth.example.com'
})
export const root: User = Object.freeze({ ...ann, id: 'root', roles: ['admin'], permissions: ['users:read'] })
export const robot: Service = Object.freeze({
  kind: 'service',
  clientId: 'robot',
  permissions: ['texts:read'],
  tokenId: 't2',
  issuer: 'https://auth.example.com'
})

/** The token of each caller is its name; any other token is bad. */
const CALLERS: ReadonlyMap<string, Caller> = new Map<string, Caller>([
  ['ann', ann],
  ['root', root],
  ['robot', robot]
])

export function authenticate(request: FastifyRequest): Caller | null {
  const token = bearerToken(request)
  if (token === null) return null
  const caller = CALLERS.get(token)
  if (caller === undefined) throw new Problem('invalid_token')
  return caller
}

const refusal = (description: string) => ({ description, type: 'object', additionalProperties: true })
export const responses = { 401: refusal('Who?'), 403: refusal('No.'), 503: refusal('Not now.') }
export const options: AuthOptions = { authenticate, responses }

/** An app that answers a Problem with its code and details, and any other error with its message. */
export function bareApp(server: FastifyServerOptions = {}): FastifyInstance {
  const app = Fastify(server)
  app.setErrorHandler<FastifyError | Problem>((error, _request, reply) => {
    if (error instanceof Problem) return reply.code(error.status).send({ code: error.code, ...error.details })
    return reply.code(error.statusCode ?? 500).send({ message: error.message })
  })
  return app
}

/** One with the guards. */
export async function guardedApp(more: Partial<AuthOptions> = {}): Promise<FastifyInstance> {
  const app = bareApp()
  await app.register(auth, { ...options, ...more })
  return app
}

export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` })
