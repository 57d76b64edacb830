import type { FastifyRequest } from 'fastify'
import { Problem } from '../domain/problems.ts'

/**
 * The value of the Authorization field, or null where there is none. Throws `bad_request` for two.
 *
 * From the fields as they came: in `headers` Node keeps the first of several and drops the others in silence, and a proxy
 * in front may have judged the other one. The field is a single one (RFC 9110 sections 5.3 and 11.6.2).
 */
export function authorizationOf({ raw: { rawHeaders } }: Pick<FastifyRequest, 'raw'>): string | null {
  let value: string | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]
    if (name?.length !== 13 || name.toLowerCase() !== 'authorization') continue
    if (value !== null) throw new Problem('bad_request', { detail: 'There is more than one Authorization field.' })
    value = rawHeaders[i + 1] ?? ''
  }
  return value
}
