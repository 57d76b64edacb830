import type { FastifyRequest } from 'fastify'
import { Problem } from '../domain/problems.ts'
import { authorizationOf } from './authorization.ts'

/** Longest token that is looked at, in octets. The contract keeps every token that is issued under it. */
const LONGEST_TOKEN = 8 * 1024

const SCHEME = 'bearer '

/** `b64token` of RFC 6750 section 2.1. */
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * The token of `Authorization: Bearer`, in any letter case of the scheme, or null when there is no Authorization field.
 * Its form is checked, nothing else. Throws `bad_request` for two Authorization fields and `invalid_token` for one that
 * holds anything but `Bearer`, one space and a token of at most 8 KiB: who sent a credential that cannot be read is
 * refused, never taken for nobody. A query or a body is never looked at (RFC 6750 sections 2.2 and 2.3 are not offered).
 */
export function bearerToken(request: Pick<FastifyRequest, 'raw'>): string | null {
  const credentials = bearerCredentials(request)
  if (credentials !== null) assertTokenForm(credentials)
  return credentials
}

/** As `bearerToken`, but what comes after the scheme may be anything yet: for who compares it with tokens that are known. */
export function bearerCredentials(request: Pick<FastifyRequest, 'raw'>): string | null {
  const value = authorizationOf(request)
  if (value === null) return null
  if (value.slice(0, SCHEME.length).toLowerCase() !== SCHEME) throw notBearer()
  return value.slice(SCHEME.length)
}

/** @throws Problem `invalid_token` */
export function assertTokenForm(credentials: string): void {
  if (credentials.length > LONGEST_TOKEN || !B64TOKEN.test(credentials)) throw notBearer()
}

function notBearer(): Problem {
  return new Problem('invalid_token', { detail: 'Authorization must be `Bearer`, one space and a token.' })
}
