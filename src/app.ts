import cookie from '@fastify/cookie'
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import auth from '../plugins/auth.ts'
import bodies from '../plugins/bodies.ts'
import clients from '../plugins/clients.ts'
import cors from '../plugins/cors.ts'
import database from '../plugins/database.ts'
import docs from '../plugins/docs.ts'
import draining from '../plugins/draining.ts'
import externalIssuers from '../plugins/external-issuers.ts'
import feed from '../plugins/feed.ts'
import firstAdmin from '../plugins/first-admin.ts'
import housekeeping from '../plugins/housekeeping.ts'
import keys from '../plugins/keys.ts'
import methods from '../plugins/methods.ts'
import openapi from '../plugins/openapi.ts'
import passwords from '../plugins/passwords.ts'
import problems from '../plugins/problems.ts'
import proofs from '../plugins/proofs.ts'
import records from '../plugins/records.ts'
import requestLog from '../plugins/request-log.ts'
import revocations from '../plugins/revocations.ts'
import securityHeaders from '../plugins/security-headers.ts'
import tokens from '../plugins/tokens.ts'
import wellFormed from '../plugins/well-formed.ts'
import auditRoutes from '../routes/audit.ts'
import clientRoutes from '../routes/clients.ts'
import documentRoutes from '../routes/documents.ts'
import healthRoutes from '../routes/health.ts'
import jwksRoutes from '../routes/jwks.ts'
import keyRoutes from '../routes/keys.ts'
import meRoutes from '../routes/me.ts'
import metadataRoutes from '../routes/metadata.ts'
import oauth2Routes from '../routes/oauth2.ts'
import passwordRoutes from '../routes/password.ts'
import sessionRoutes from '../routes/session.ts'
import signInRoutes from '../routes/sign-in.ts'
import userRoutes from '../routes/users.ts'
import type { Config } from './config.ts'
import { createRoleBook } from './domain/permissions.ts'
import { bearerCredentials } from './http/bearer.ts'
import { serverOptions } from './http/fastify-options.ts'
import { anyone } from './http/guards.ts'
import type { LogDestination } from './http/logger.ts'
import { problemResponse } from './http/problem-schema.ts'
import { VERSION } from './version.ts'

export interface AppOptions {
  /** Standard output unless given. */
  readonly logDestination?: LogDestination
  /** Routes beside the service's own. They come last, and declare guards as all routes do. */
  readonly routes?: FastifyPluginAsync
}

/**
 * The service over this configuration, ready to listen. Where it cannot start, what was opened is closed again.
 *
 * @throws StartRefused, FolderInUse, or Problem `unavailable` where the database cannot be reached
 */
export async function buildApp(config: Config, { logDestination, routes }: AppOptions = {}): Promise<FastifyInstance> {
  const { logLevel, trustProxy } = config
  const app = Fastify(
    serverOptions({ logLevel, trustProxy: trustProxy && [...trustProxy], ...(logDestination && { logDestination }) })
  )
  try {
    await assemble(app, config)
    if (routes !== undefined) await app.register(routes)
    await app.ready()
  } catch (error) {
    await app.close()
    throw error
  }
  return app
}

/** The whole service, in the order in which it starts. */
async function assemble(app: FastifyInstance, config: Config): Promise<void> {
  const { corsOrigins, rateLimit: throttled } = config
  const roles = createRoleBook(config.roles)

  // How everything is answered.
  await app.register(requestLog, { silent: config.logLevel === 'silent' })
  await app.register(securityHeaders)
  await app.register(wellFormed)
  await app.register(problems)
  await app.register(draining)
  await app.register(openapi, { version: VERSION })

  // Who may call what: before the first route.
  await app.register(auth, {
    authenticate: (request) => {
      const credentials = bearerCredentials(request)
      return credentials === null ? null : app.tokens.verify(credentials)
    },
    serviceScheme: 'service',
    responses: {
      401: problemResponse('unauthenticated', 'invalid_token', 'token_expired', 'token_revoked', 'token_stale'),
      403: problemResponse('forbidden'),
      503: problemResponse('revocation_unavailable', 'unavailable')
    },
    ...(corsOrigins.length > 0 && { guards: { 'OPTIONS *': anyone } })
  })
  await app.register(cors, { origins: corsOrigins })
  await app.register(methods)
  await app.register(bodies)

  // What there is.
  await app.register(database, {
    url: config.databaseUrl,
    poolSize: config.databasePoolSize,
    timeoutMilliseconds: config.databaseTimeoutMilliseconds,
    pooled: config.revocationSync === 'poll'
  })
  await app.register(revocations, {
    sync: config.revocationSync,
    maxStalenessSeconds: config.revocationMaxStalenessSeconds
  })
  await app.register(records, {
    idleSeconds: config.sessionIdleSeconds,
    maxSeconds: config.sessionMaxSeconds,
    graceSeconds: config.refreshGraceSeconds
  })
  await app.register(clients, { issuer: config.issuer, throttled })
  await app.register(keys, {
    algorithm: config.jwtAlgorithm,
    intervalSeconds: config.keyRotationSeconds,
    rootSecrets: config.rootSecrets,
    rootSecretFile: config.rootSecretFile
  })
  await app.register(externalIssuers, { issuers: config.externalIssuers })
  await app.register(tokens, {
    issuer: config.issuer,
    audience: config.audience,
    accessTokenSeconds: config.accessTokenSeconds,
    roles
  })
  await app.register(feed)
  await app.register(passwords, { ...config.argon2, minLength: config.passwordMinLength })
  await app.register(proofs)
  await app.register(firstAdmin, { credentials: config.bootstrapAdmin })
  await app.register(housekeeping, { auditRetentionSeconds: config.auditRetentionSeconds })

  // What can be asked for.
  await app.register(healthRoutes, { prefix: '/health', administratorConfigured: config.bootstrapAdmin !== null })
  await app.register(documentRoutes)
  await app.register(docs, { enabled: config.docs })
  await app.register(async (people) => {
    // Only here: what reads and writes cookies runs for every request of its scope.
    await people.register(cookie)
    const registrationOpen = config.registration === 'open'
    await people.register(signInRoutes, { prefix: '/api/v1/auth', registrationOpen, throttled })
    await people.register(sessionRoutes, { prefix: '/api/v1/auth' })
    await people.register(passwordRoutes, { prefix: '/api/v1/auth', throttled })
    await people.register(meRoutes, { prefix: '/api/v1/users', throttled })
  })
  await app.register(userRoutes, { prefix: '/api/v1/users', roles })
  await app.register(auditRoutes, { prefix: '/api/v1/audit' })
  await app.register(clientRoutes, { prefix: '/api/v1/clients' })
  await app.register(keyRoutes, { prefix: '/api/v1/keys' })
  await app.register(oauth2Routes, { prefix: '/oauth2', roles })
  await app.register(metadataRoutes, { prefix: '/.well-known', issuer: config.issuer, documented: config.docs })
  await app.register(jwksRoutes, { prefix: '/.well-known' })
}
