import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

/** A strong validator (RFC 9110 section 8.8.3): the same text always has the same, on every instance. */
export const etagOf = (text: string): string => `"${createHash('sha256').update(text).digest('base64url')}"`

/** Whether a copy that the client has is still right: If-None-Match, by weak comparison (RFC 9110 section 13.1.2). */
export function isStillRight(request: FastifyRequest, etag: string): boolean {
  const header = request.headers['if-none-match'] ?? ''
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag)
}
