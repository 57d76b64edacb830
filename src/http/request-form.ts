import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'

/**
 * Most header fields of one request. Node drops what comes after its limit without a word, and with it perhaps a second
 * Host or Authorization; so a request that reaches the limit is refused. Browsers send about 30.
 */
export const MOST_HEADER_FIELDS = 1000

/** A registered name or IPv4 address and a port (RFC 3986 section 3.2.2), not empty (RFC 9110 section 4.2.1). */
const NAMED_HOST = /^(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+(?::\d*)?$/
const BRACKETED_HOST = /^\[([^\]]+)\](?::\d*)?$/
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)/i

/**
 * What makes a request malformed (RFC 9112) although Node's parser lets it through, as a sentence; null when nothing does.
 * Two readers of one connection, a proxy and this service, must not see different requests in it.
 */
export function faultOf(request: IncomingMessage): string | null {
  return faultOfTarget(request) ?? faultOfFields(request) ?? faultOfFraming(request)
}

function faultOfTarget({ httpVersion, method, url = '' }: IncomingMessage): string | null {
  // The parser also takes 0.9 and a literal `HTTP/2.0`.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return 'The version of HTTP is not supported.'
  // The router would take what comes after `#` for a query (RFC 9112 section 3.2: a target has no fragment).
  if (url.includes('#')) return 'The request target has a fragment.'
  // What PostgreSQL cannot store is not asked for either. (Other malformed UTF-8 the router itself refuses.)
  const nul = url.indexOf('%00')
  if (nul >= 0 && !url.slice(0, nul).includes('?')) return 'The path holds a NUL.'
  if (url.startsWith('/')) return null
  // The router skips the first character unseen: `*health` would be `/health`.
  if (url === '*' && method === 'OPTIONS') return null
  const authority = ABSOLUTE_FORM.exec(url)?.[1]
  return authority !== undefined && isHost(authority) ? null : 'The request target is not valid.'
}

function faultOfFields({ headers, httpVersion, rawHeaders }: IncomingMessage): string | null {
  let hosts = 0
  let types = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
    else if (name.length === 12 && name.toLowerCase() === 'content-type') types++
  }
  // RFC 9112 section 3.2.
  if (hosts > 1) return 'There is more than one Host.'
  if (headers.host === undefined) return httpVersion === '1.0' ? null : 'There is no Host.'
  if (!isHost(headers.host)) return 'The Host is not valid.'
  // Node keeps the first of two, and others the last (RFC 9110 section 5.3).
  return types > 1 ? 'There is more than one Content-Type.' : null
}

function faultOfFraming({ headers, httpVersion }: IncomingMessage): string | null {
  const coding = headers['transfer-encoding']
  if (coding !== undefined) {
    // RFC 9112 section 6.1: faulty framing, whatever the value.
    if (httpVersion === '1.0') return 'HTTP/1.0 has no Transfer-Encoding.'
    // The parser looks at the end of the list only; what `gzip, chunked` carries, nobody here would know. An empty list it
    // takes for none, beside a Content-Length, too.
    if (coding.toLowerCase() !== 'chunked') return 'The transfer coding is not known.'
  }
  // RFC 9110 section 10.1.1; Node hands such a request over where it is asked to. An HTTP/1.0 expectation is ignored.
  const { expect } = headers
  if (expect === undefined || httpVersion === '1.0' || expect.toLowerCase() === '100-continue') return null
  return 'The expectation cannot be met.'
}

/** Nearly every request names the same one. */
let lastHost: string | null = null

function isHost(value: string): boolean {
  if (value === lastHost) return true
  if (!isHostForm(value)) return false
  lastHost = value
  return true
}

function isHostForm(value: string): boolean {
  if (NAMED_HOST.test(value)) return true
  const address = BRACKETED_HOST.exec(value)?.[1]
  return address !== undefined && isIPv6(address)
}
