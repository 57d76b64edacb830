import fastifySwaggerUi from '@fastify/swagger-ui'
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

/** Swagger UI under `/docs` over the document of the plugin `openapi`; nothing is registered unless `enabled`. */
export default fp<{ readonly enabled: boolean }>(
  async (app, { enabled }) => {
    if (!enabled) return
    await app.register(async (scope) => {
      guardScope(scope, anyone)
      // The file server's 403 is about a name that leaves its folder or that no file can have, and not about the caller.
      scope.setErrorHandler((error) => {
        throw asProblem(error).code === 'forbidden' ? new Problem('not_found') : error
      })
      await scope.register(fastifySwaggerUi, {
        routePrefix: '/docs',
        staticCSP: POLICY,
        validatorUrl: false,
        theme: {
          title: 'Latchkey',
          css: [{ filename: 'latchkey.css', content: DOCS_STYLE }],
          favicon: [
            { filename: 'favicon.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: DOCS_FAVICON }
          ]
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
      })
    })
  },
  { name: 'docs', fastify: '5.x', dependencies: ['openapi'] }
)
