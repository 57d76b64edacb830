import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { Problem } from '../src/domain/problems.ts'
import type { AuditEvent } from '../src/domain/records.ts'
import { requirePermission } from '../src/http/guards.ts'
import { idOfCursor, pageOf } from '../src/http/page.ts'
import { Event, listEvents } from './audit.schema.ts'

const routes: FastifyPluginAsyncTypebox = async (app) => {
  app.addSchema(Event)

  app.get('/', { preHandler: requirePermission('audit:read'), schema: listEvents }, async (request) => {
    const { limit = 20, cursor, subject, action, since: text } = request.query
    const since = text === undefined ? undefined : timeOf(text)
    const found = await app.audit.list({ subject, action, since, before: idOfCursor(cursor), limit: limit + 1 })
    return pageOf(found, limit, eventShape)
  })
}

/** A time that has the form of one may still be none, like the 31st of February. */
function timeOf(text: string): Date {
  const time = new Date(text)
  if (!Number.isNaN(time.getTime())) return time
  throw new Problem('validation_failed', { errors: [{ pointer: '/since', message: 'must be a time that exists' }] })
}

const eventShape = ({ at, requestId, detail, ...event }: AuditEvent) => ({
  ...event,
  at: at.toISOString(),
  request_id: requestId,
  detail: { ...detail }
})

export default fp(routes, { name: 'routes/audit', encapsulate: true, dependencies: ['auth', 'records'] })
