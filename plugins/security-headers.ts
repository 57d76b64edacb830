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
const POLICY = "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'"

/**
 * Those that @fastify/helmet gives with this policy and without frames, which a test holds them against, and, since every
 * answer may be about a person, `Cache-Control: no-store`: a route whose answer may be kept says so itself. They are the same
 * on every answer, so helmet itself is not asked: for each request, as it is made for, it takes as much as half of the rest
 * of a simple one.
 */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'DENY',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
  'cache-control': 'no-store'
}

export default fp(
  async (app) => {
    app.decorate('securityHeaders', HEADERS)
    app.addHook('onRequest', (_request, reply, done) => {
      reply.headers(HEADERS)
      done()
    })
  },
  { name: 'security-headers', fastify: '5.x' }
)
