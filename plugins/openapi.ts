import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import type { ServicePermission } from '../src/domain/permissions.ts'
import { completeDocument } from '../src/http/openapi.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Once the app is ready, a new instance with `swagger()`, which gives the OpenAPI document. It has the routes of this app,
     * with their schemas, but they do nothing there; `more` is called before it is ready. The caller closes it.
     */
    readonly describeRoutes: (more?: (described: FastifyInstance) => Promise<void>) => Promise<FastifyInstance>
  }
}

const DESCRIPTION = `
Accounts, sign-in, and tokens that every service can verify by itself and that stop working the moment they are revoked.

**Signing in.** Create an account with \`POST /api/v1/auth/register\` and sign in with \`POST /api/v1/auth/login\`: both
examples work as they stand. The answer holds an \`access_token\`; send it as \`Authorization: Bearer …\` with every other
call. It lives for \`expires_in\` seconds, and \`POST /api/v1/auth/refresh\` gives the next one. In the Swagger UI of this
service a sign-in is taken over by itself: execute it, and the calls after it are authorised. **Authorize** takes a token
from elsewhere, or gets one for a service by its \`client_id\` and \`client_secret\`.

**Errors** are \`application/problem+json\` (RFC 9457). Decide by \`code\`: it is stable, while \`title\` and \`detail\` are for
people. \`errors\` names each refused member by its JSON Pointer. Quote \`request_id\`, which every answer also carries as
\`X-Request-Id\`, when you report a problem. A 401 with \`token_stale\` or \`token_expired\` asks for a refresh and another
try; any other 401 asks for a new sign-in.
`.trim()

const TAGS = [
  { name: 'auth', description: 'Creating an account, signing in and out, and renewing tokens.' },
  { name: 'users', description: "The caller's own record, and the administration of everybody's." },
  { name: 'services', description: 'Tokens for services, and what services need that verify tokens themselves.' },
  { name: 'clients', description: 'Services that get tokens for themselves, and their secrets.' },
  { name: 'keys', description: 'The keys that access tokens are signed with.' },
  { name: 'audit', description: 'Who did what to whom, when, from where, and how it ended.' },
  { name: 'health', description: 'For load balancers and orchestrators.' },
  { name: 'documents', description: 'This document.' }
]

/** What each permission of the service is good for, for the dialog in which a service asks for some of them. */
const SCOPES = {
  'users:read': 'read the records of users',
  'audit:read': 'read the audit trail',
  'tokens:introspect': 'ask what a token is',
  'tokens:revoke': 'take back tokens of others',
  'revocations:read': 'follow what is revoked',
  'metrics:read': 'read the metrics'
} as const satisfies Record<ServicePermission, string>

/**
 * Makes the OpenAPI 3.1 document from the schemas of the routes, when it is asked for: what generates it is loaded then, and a
 * start does not wait for either. Registered before any route. Shared schemas (`app.addSchema`) appear under their `$id`.
 * `version` is the version of the service.
 */
export default fp<{ readonly version: string }>(
  async (app, { version }) => {
    const routes: RouteOptions[] = []
    const scopes: FastifyInstance[] = [app]
    // Kept as they come, and read later: other hooks still say things about them, such as what their guards ask.
    app.addHook('onRoute', (route) => void routes.push(route))
    app.addHook('onRegister', (scope) => void scopes.push(scope))

    app.decorate('describeRoutes', async (more) => {
      const { default: fastifySwagger } = await import('@fastify/swagger')
      const described = Fastify({ exposeHeadRoutes: false })
      // Nothing is ever sent there, so nothing has to be compiled.
      described.setValidatorCompiler(() => () => true).setSerializerCompiler(() => JSON.stringify)
      await described.register(fastifySwagger, generatorOptions(version))
      const schemas = new Map(scopes.flatMap((scope) => Object.entries(scope.getSchemas())))
      for (const schema of schemas.values()) described.addSchema(schema)
      for (const { method, url, schema } of routes) {
        if (method === 'HEAD' || schema?.hide === true) continue
        described.route({ method, url, ...(schema !== undefined && { schema }), handler: nothing })
      }
      await more?.(described)
      await described.ready()
      return described
    })
  },
  { name: 'openapi', fastify: '5.x' }
)

const nothing = async () => null

const generatorOptions = (version: string): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' }
    },
    servers: [{ url: '/', description: 'The address that this document was loaded from' }],
    tags: TAGS,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The `access_token` of a sign-in (RFC 6750 section 2.1, RFC 9068).'
        },
        service: {
          type: 'oauth2',
          description: 'The token of a service, for what a permission or a service is asked for.',
          flows: {
            clientCredentials: {
              tokenUrl: '/oauth2/token',
              scopes: SCOPES
            }
          }
        },
        clientSecret: {
          type: 'http',
          scheme: 'basic',
          description:
            'The `client_id` and `client_secret` of a client, each form-encoded (RFC 6749 section 2.3.1). They may be sent in the form as well, or a signed assertion in place of the secret.'
        }
      }
    }
  },
  // `const` is a word of OpenAPI 3.1, and says more than an enum of one.
  convertConstToEnum: false,
  refResolver: {
    buildLocalReference: (schema, _baseUri, _fragment, index) =>
      typeof schema['$id'] === 'string' ? schema['$id'] : `Schema${index}`
  },
  // Fastify serves the `/` of a prefix with and without that slash, and shows it with.
  transform: ({ schema, url }) => ({ schema, url: url.replace(/(?<=.)\/$/, '') }),
  transformObject: (made) => {
    if (!('openapiObject' in made)) return made.swaggerObject
    completeDocument(made.openapiObject)
    return made.openapiObject
  }
})
