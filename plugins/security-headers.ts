import helmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import Fastify from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** For answers that no hook sees. Undefined until the plugin `security-headers` is there. */
    readonly securityHeaders?: Readonly<Record<string, string>>
  }
}

/**
 * For answers that are no pages (ASVS v5.0.0-3.2.1 and 3.4): a browser that shows one all the same may load, run, frame and
 * send nothing. A page sets a policy of its own over it. `upgrade-insecure-requests` is left out, since it would break the
 * documentation of a service that is reached over plain http by name.
 */
const OPTIONS: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] }
  },
  frameguard: { action: 'deny' }
}

/**
 * The headers that @fastify/helmet gives and, since every answer may be about a person, `Cache-Control: no-store`: a route
 * whose answer may be kept says so itself. They are the same on every answer, so helmet is asked once: asked for each
 * request, as it is made for, it takes as much as half of the rest of a simple request.
 */
export default fp(
  async (app) => {
    const headers = { ...(await helmetHeaders()), 'cache-control': 'no-store' }
    app.decorate('securityHeaders', headers)
    app.addHook('onRequest', (_request, reply, done) => {
      reply.headers(headers)
      done()
    })
  },
  { name: 'security-headers', fastify: '5.x' }
)

async function helmetHeaders(): Promise<Record<string, string>> {
  const set: Record<string, string> = {}
  const model = Fastify()
  await model.register(helmet, OPTIONS)
  model.get('/', async (_request, reply) => {
    for (const [name, value] of Object.entries(reply.getHeaders())) set[name] = String(value)
    return ''
  })
  await model.inject('/')
  await model.close()
  return set
}
