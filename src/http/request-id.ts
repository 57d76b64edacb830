import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/**
 * What a name for a request may look like when it comes from outside: long enough for every common generator (UUID, ULID,
 * base64, AWS `Root=1-…`), and of characters that need no escaping in JSON, in a header or on a command line, so that it can
 * be written everywhere as it is and forges no line in a log (ASVS v5.0.0-16.4.1). No comma and no space: Node joins a
 * header that came twice by both, so that two ids are none.
 */
const WELL_FORMED = /^[A-Za-z0-9._~:+/=@-]{1,128}$/

/** The request's own `X-Request-Id` where that is well-formed, else a new UUID. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const sent = request.headers['x-request-id']
  return typeof sent === 'string' && WELL_FORMED.test(sent) ? sent : randomUUID()
}
