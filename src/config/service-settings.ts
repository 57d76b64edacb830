import { Type } from '@sinclair/typebox'
import { HIDDEN, shown } from './bad-settings.ts'
import { duration, integer, oneOf, onOff, setting } from './setting.ts'
import { readDatabaseUrl, readHost, readOrigins, readProxies, readSecrets } from './texts.ts'

/** The scheme only: a password may stand anywhere in what was meant to be a URL. */
const showDatabaseUrl = (text: string) =>
  text.startsWith('pglite:') ? shown(text) : `${/^[a-z]+:\/\//.exec(text)?.[0] ?? ''}${HIDDEN}`

/** Where the service listens, what it stores things in, whom it listens to, what it says about itself. */
export const SERVICE_SETTINGS = {
  HOST: setting(Type.String(), {
    description: 'The address to listen on; 0.0.0.0 or :: for all of this machine.',
    default: '127.0.0.1',
    takes: 'an IP address, without brackets, or the name of a host',
    read: readHost
  }),
  PORT: integer({
    description: 'The port to listen on. 0 takes a free one; set ISSUER then, which would say port 0.',
    default: '3000',
    least: 0,
    most: 65_535
  }),
  DATABASE_URL: setting(Type.Optional(Type.String()), {
    description: 'PostgreSQL 15 or newer, or the embedded database in a folder or in memory.',
    otherwise: 'the embedded database in .latchkey/db/ of the working folder',
    takes: 'postgres://USER:PASSWORD@HOST/NAME (percent-encoded), pglite:PATH or pglite:memory:',
    read: readDatabaseUrl,
    show: showDatabaseUrl
  }),
  DATABASE_POOL_SIZE: integer({
    description: 'Connections of this instance to PostgreSQL; at least three are used, two of them for the deny-list.',
    default: '10',
    least: 1,
    most: 1000
  }),
  DATABASE_TIMEOUT: duration({
    description: 'The longest that a statement or a lock may take.',
    default: '5s',
    most: '1h'
  }),
  LATCHKEY_SECRET: setting(Type.Optional(Type.Array(Type.String())), {
    description:
      'The root secret that protects the keys in the database. To replace it, put the new one before the old; the next start seals the keys anew.',
    otherwise: 'made at the first start, in .latchkey/secret or PATH.secret; required with PostgreSQL',
    takes: 'secrets of 32 bytes or more, random, the newest first, separated by commas',
    read: readSecrets,
    show: () => HIDDEN
  }),
  TRUST_PROXY: setting(Type.Union([Type.Literal(false), Type.Array(Type.String())]), {
    description: 'The proxies whose X-Forwarded-* headers are believed.',
    default: 'off',
    takes:
      'off, on for proxies with private addresses, or IP addresses, ranges (10.0.0.0/8), loopback, linklocal or uniquelocal, separated by commas',
    read: readProxies
  }),
  CORS_ORIGINS: setting(Type.Optional(Type.Array(Type.String())), {
    description: 'The other origins whose pages may call the service with credentials.',
    otherwise: 'none',
    takes: 'origins as browsers write them, https://app.example.com, separated by commas',
    read: readOrigins
  }),
  RATE_LIMIT: onOff({
    description: 'Whether failed sign-ins are throttled. The bound on password hashing always holds.',
    default: 'on'
  }),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    description: 'The least grave that is logged.',
    default: 'info'
  }),
  DOCS: onOff({
    description: 'Whether /docs is served.',
    default: 'on'
  }),
  METRICS_PUBLIC: onOff({
    description: 'Whether /metrics is for anyone. Without effect in this version, which has no /metrics.',
    default: 'off'
  }),
  AUDIT_RETENTION: duration({
    description: 'For how long events of the audit trail are kept.',
    default: '365d',
    most: '36500d'
  })
}
