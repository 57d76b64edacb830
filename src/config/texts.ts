import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { parseEmail } from '../domain/email.ts'
import { isLoopbackHost } from '../domain/loopback.ts'
import { parseStrictJson } from '../domain/strict-json.ts'

// How the texts of single settings are read: each gives undefined for what its setting does not take.

const PGLITE = 'pglite:'
const IN_MEMORY = 'pglite:memory:'
const LEAST_SECRET_BYTES = 32
/** The names that @fastify/proxy-addr has for ranges. */
const PROXY_RANGES = new Set(['loopback', 'linklocal', 'uniquelocal'])
/** One that ends in a number would be an IP address, and a mistyped one. */
const HOST_NAME = /^(?=.{1,253}$)(?!.*(?:^|\.)\d+$)[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*$/i

const parseUrl = (text: string) => (URL.canParse(text) ? new URL(text) : null)
const partsOf = (text: string) => text.split(',').map((part) => part.trim())

export const readHost = (text: string) => (isIP(text) > 0 || HOST_NAME.test(text) ? text : undefined)

/** A path in it is made absolute, so that it means the same folder wherever it is used. */
export function readDatabaseUrl(text: string): string | undefined {
  if (!text.startsWith(PGLITE)) return isPostgresUrl(text) ? text : undefined
  const path = text.slice(PGLITE.length)
  if (text === IN_MEMORY) return text
  // `pglite://data` would be the folder /data, which nobody who writes it means.
  return path.trim() === '' || path.startsWith('//') || path.includes('\0') ? undefined : PGLITE + resolve(path)
}

/** Whether postgres.js can read it, which takes several hosts, as no URL may have, and fails late on a bad escape. */
function isPostgresUrl(text: string): boolean {
  const url = parseUrl(text.replace(/^(\w+:\/\/(?:[^/?@]*@)?[^/?,]*),[^/?]*/, '$1'))
  if (url === null || !/^postgres(?:ql)?:\/\//.test(text)) return false
  try {
    for (const part of [url.username, url.password, url.pathname]) decodeURIComponent(part)
    // An unescaped # in a password cuts the URL there, and what stands before it may still look like a host. No host is
    // a variable that was to be filled in and was not.
    return url.hostname !== '' && url.hash === ''
  } catch {
    return false
  }
}

export const isPostgres = (databaseUrl: string) => !databaseUrl.startsWith(PGLITE)

/** The file beside the folder of an embedded database; null for any other. */
export const secretFileOf = (databaseUrl: string) =>
  isPostgres(databaseUrl) || databaseUrl === IN_MEMORY ? null : `${databaseUrl.slice(PGLITE.length)}.secret`

/** As given, to the last space: they are bytes, not words. */
export function readSecrets(text: string): string[] | undefined {
  const secrets = text.split(',')
  return secrets.every((secret) => Buffer.byteLength(secret) >= LEAST_SECRET_BYTES) ? secrets : undefined
}

/**
 * RFC 8414 section 2 wants https, so that the keys that verifiers fetch from there cannot be changed on the way; nothing
 * can be changed on the way to a loopback address. Issuers are compared as strings (RFC 8414 section 3.3), so only the
 * spelling is taken that the URL standard would write.
 */
export function readIssuer(text: string): string | undefined {
  const url = parseUrl(text)
  if (url === null || (url.href !== text && url.href !== `${text}/`)) return undefined
  if (/[?#@*]/.test(text)) return undefined
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname)) ? text : undefined
}

/** Exact, as browsers write `Origin` (RFC 6454 section 6.2): no path, no default port. A wildcard would match nobody. */
export function readOrigins(text: string): string[] | undefined {
  const origins = partsOf(text)
  const isOrigin = (origin: string) => /^https?:[^*]*$/.test(origin) && parseUrl(origin)?.origin === origin
  return origins.every(isOrigin) ? origins : undefined
}

/** The proxies of one's own network. Anybody else who connects could choose the address that the throttles count. */
const NEARBY = ['loopback', 'linklocal', 'uniquelocal']

/**
 * Proxies are named by address; `on` believes those that connect from private addresses. A number of hops would let every
 * client choose its address wherever the service can be reached past its proxy, and Fastify honours none.
 */
export function readProxies(text: string): false | string[] | undefined {
  if (text === 'off') return false
  if (text === 'on') return [...NEARBY]
  const proxies = partsOf(text)
  return proxies.every((proxy) => PROXY_RANGES.has(proxy) || isRange(proxy)) ? proxies : undefined
}

function isRange(text: string): boolean {
  const [, address = '', bits = '1'] = /^([\da-f.:]+)(?:\/([1-9]\d{0,2}))?$/i.exec(text) ?? []
  const version = isIP(address)
  // Fastify compares peers that come over IPv4 as IPv4: a mapped range would match nobody.
  return version > 0 && !/^::ffff:/i.test(address) && Number(bits) <= (version === 4 ? 32 : 128)
}

export function readJson(text: string): unknown {
  try {
    return parseStrictJson(text)
  } catch {
    return undefined
  }
}

export const readEmail = (text: string) => ('wrong' in parseEmail(text) ? undefined : text)
