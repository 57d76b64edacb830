import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { Problem } from '../src/domain/problems.ts'
import { anyone } from '../src/http/guards.ts'
import { health, ready } from './health.schema.ts'

export interface HealthOptions {
  /** Whether an administrator was to be made at the start. */
  readonly administratorConfigured: boolean
}

const routes: FastifyPluginAsyncTypebox<HealthOptions> = async (app, { administratorConfigured }) => {
  app.get('/', { preHandler: anyone, schema: health }, async () => ({ status: 'ok' as const }))

  app.get('/ready', { preHandler: anyone, schema: ready }, async () => {
    // In this order: without a database, the other checks only say the same.
    const current = await app.database.isCurrent().catch((cause: unknown) => failed('database', cause))
    if (!current) failed('migrations')
    if (administratorConfigured && !(await app.users.hasAdmin())) failed('administrator')
    if (!app.revocations.isCurrent()) failed('revocations')
    const ok = 'ok' as const
    return { status: ok, checks: { database: ok, migrations: ok, administrator: ok, revocations: ok } }
  })
}

function failed(check: string, cause?: unknown): never {
  throw new Problem('unavailable', { detail: `The check "${check}" fails.`, retryAfterSeconds: 1, cause })
}

export default fp(routes, { name: 'routes/health', encapsulate: true, dependencies: ['auth', 'database', 'records'] })
