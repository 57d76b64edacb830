import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * The prefix `__Host-` makes the browser itself refuse a cookie that another host or an insecure page tries to plant
 * (RFC 6265bis section 4.1.3.2; ASVS v5.0.0-3.3.3); it demands Secure, `Path=/` and no Domain.
 */
export const REFRESH_COOKIE = '__Host-latchkey_refresh'
export const DEVICE_COOKIE = '__Host-latchkey_device'

/** Out of reach of scripts, of plain HTTP and of other sites' requests (ASVS v5.0.0-3.3.1, 3.3.2, 3.3.4). */
const ATTRIBUTES = {
  path: '/',
  httpOnly: true,
  secure: true,
  sameSite: 'strict'
} as const satisfies CookieSerializeOptions

/** Browsers keep no cookie longer than 400 days (RFC 6265bis section 5.5). */
const DEVICE_SECONDS = 400 * 24 * 3600

export const refreshCookieOf = (request: FastifyRequest): string | null => request.cookies[REFRESH_COOKIE] ?? null
export const deviceCookieOf = (request: FastifyRequest): string | null => request.cookies[DEVICE_COOKIE] ?? null

/** @param maxAge seconds for which the refresh token can be used */
export function setRefreshCookie(reply: FastifyReply, token: string, maxAge: number): void {
  reply.setCookie(REFRESH_COOKIE, token, { ...ATTRIBUTES, maxAge })
}

/** A client that cannot use its cookie any more should not go on sending it. */
export function clearRefreshCookie(reply: FastifyReply): void {
  reply.setCookie(REFRESH_COOKIE, '', { ...ATTRIBUTES, maxAge: 0 })
}

export function setDeviceCookie(reply: FastifyReply, token: string): void {
  reply.setCookie(DEVICE_COOKIE, token, { ...ATTRIBUTES, maxAge: DEVICE_SECONDS })
}
