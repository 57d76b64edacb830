import type { FastifySwaggerUiOptions } from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Problem } from '../src/domain/problems.ts'
import { anyone, guardScope } from '../src/http/guards.ts'
import { asProblem } from '../src/http/problem-mapping.ts'
import { DOCS_FAVICON, DOCS_STYLE } from './docs-look.ts'
import { latchkeyPage } from './docs-page.ts'

/**
 * What the page may load and run: its own files and nothing inline (ASVS v5.0.0-3.4.3), so that a script that finds its way
 * into the page through the document does not run. `img-src data:` is for the pictures in Swagger UI's style sheet.
 */
const POLICY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'self'",
  'frame-ancestors': "'none'"
}

const UI: FastifySwaggerUiOptions = {
  routePrefix: '/docs',
  staticCSP: POLICY,
  validatorUrl: false,
  theme: {
    title: 'Latchkey',
    css: [{ filename: 'latchkey.css', content: DOCS_STYLE }],
    favicon: [{ filename: 'favicon.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: DOCS_FAVICON }]
  },
  uiConfig: {
    // The other layout has a bar for loading other documents, and an inline style, which the policy blocks.
    layout: 'BaseLayout',
    plugins: [latchkeyPage],
    // A token must not outlive the page: localStorage keeps it for whoever comes next and for every script of this
    // origin (ASVS v5.0.0-14.3.3).
    persistAuthorization: false,
    tryItOutEnabled: true,
    displayRequestDuration: true,
    deepLinking: true,
    defaultModelsExpandDepth: 0
  }
}

/** What a connection says about itself, and no answer about its content. */
const OF_THE_CONNECTION = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'])

/**
 * Swagger UI under `/docs` over the document of the plugin `openapi`; nothing is registered unless `enabled`. It is loaded
 * when somebody opens the page, on an instance of its own, which is asked for what is asked for here.
 */
export default fp<{ readonly enabled: boolean }>(
  async (app, { enabled }) => {
    if (!enabled) return
    let made: Promise<FastifyInstance> | null = null
    async function make() {
      const { default: fastifySwaggerUi } = await import('@fastify/swagger-ui')
      return app.describeRoutes(async (described) => {
        await described.register(fastifySwaggerUi, UI)
      })
    }
    app.addHook('onClose', async () => (await made)?.close())

    await app.register(
      async (scope) => {
        guardScope(scope, anyone)
        for (const path of ['/', '/json', '/yaml', '/static/*']) {
          scope.get(path, { schema: { hide: true } }, async ({ url, headers }, reply) => {
            const page = await (made ??= make())
            const answer = await page.inject({ method: 'GET', url, headers })
            if (answer.statusCode >= 400) throw refusalOf(answer.statusCode, answer.payload)
            for (const [name, value] of Object.entries(answer.headers)) {
              if (value !== undefined && !OF_THE_CONNECTION.has(name)) reply.header(name, value)
            }
            // A redirection has no content, not even an empty one of some type.
            return reply.code(answer.statusCode).send(answer.rawPayload.length > 0 ? answer.rawPayload : undefined)
          })
        }
      },
      { prefix: '/docs' }
    )
  },
  { name: 'docs', fastify: '5.x', dependencies: ['openapi'] }
)

/** The file server's 403 is about a name that leaves its folder or that no file can have, and not about the caller. */
function refusalOf(statusCode: number, said: string): Problem {
  return statusCode === 403 ? new Problem('not_found') : asProblem(Object.assign(new Error(said), { statusCode }))
}
