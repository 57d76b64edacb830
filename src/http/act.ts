import type { FastifyRequest } from 'fastify'
import type { Act } from '../domain/act.ts'

/** Who does what this request asks for, and from where, as the audit trail has it. */
export const actOf = (request: FastifyRequest, actor: string | null = null): Act => ({
  actor,
  ip: request.ip,
  requestId: request.id
})

const MOST_USER_AGENT = 256

/** What the client calls itself, cut to a length that is still worth showing. */
export const userAgentOf = (request: FastifyRequest): string | null =>
  request.headers['user-agent']?.slice(0, MOST_USER_AGENT) ?? null
