import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { findDisagreements } from './config/agreement.ts'
import { BadSettings } from './config/bad-settings.ts'
import { ENVIRONMENT, type Settings } from './config/environment.ts'
import { findBadIssuers } from './config/issuer-agreement.ts'
import { issuersOf, type IssuerConfig } from './config/issuer-settings.ts'
import { readSettings } from './config/read-settings.ts'
import { secretFileOf } from './config/texts.ts'
import type { RolePermissions } from './domain/permissions.ts'

export { BadSettings, ENVIRONMENT }

/** Everything that the service was told, checked, with defaults, frozen to the last member. */
export interface Config {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** `postgres://…`, `pglite:` and an absolute path, or `pglite:memory:`. */
  readonly databaseUrl: string
  readonly databasePoolSize: number
  readonly databaseTimeoutMilliseconds: number
  /** Newest first; empty where none was given, which only the embedded database allows. */
  readonly rootSecrets: readonly string[]
  /** Where the root secret is kept if none was given; null for a database that is not in a folder of its own. */
  readonly rootSecretFile: string | null
  readonly issuer: string
  readonly audience: string
  readonly externalIssuers: readonly IssuerConfig[]
  readonly jwtAlgorithm: Settings['JWT_ALGORITHM']
  readonly accessTokenSeconds: number
  readonly sessionIdleSeconds: number
  readonly sessionMaxSeconds: number
  /** 0 turns it off. */
  readonly refreshGraceSeconds: number
  readonly keyRotationSeconds: number
  readonly revocationSync: Settings['REVOCATION_SYNC']
  readonly revocationMaxStalenessSeconds: number
  readonly argon2: {
    readonly memoryKib: number
    readonly timeCost: number
    readonly parallelism: number
    /** Hashes that run at once. */
    readonly concurrency: number
    /** The same while more than half of the queue waits. */
    readonly whenCrowded: number
    /** Hashes that wait. */
    readonly queue: number
  }
  readonly passwordMinLength: number
  readonly registration: Settings['REGISTRATION']
  readonly roles: RolePermissions
  /** False, or what Fastify's `trustProxy` takes: addresses, ranges and names of ranges. */
  readonly trustProxy: false | readonly string[]
  readonly corsOrigins: readonly string[]
  readonly rateLimit: boolean
  readonly logLevel: Settings['LOG_LEVEL']
  readonly docs: boolean
  readonly metricsPublic: boolean
  readonly auditRetentionSeconds: number
  /** Null where none is to be made. The address is one; the password has not been judged. */
  readonly bootstrapAdmin: { readonly email: string; readonly password: string } | null
}

/** The configuration of this process. @throws BadSettings */
export const readConfig = (): Config => loadConfig(process.env)

/** Reads files where a `NAME_FILE` names one. @throws BadSettings with every setting that is wrong */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const { values, problems } = readSettings(env)
  const all = [...problems, ...findDisagreements(values, env), ...findBadIssuers(values)]
  if (all.length > 0) throw new BadSettings(all)
  Value.Assert(ENVIRONMENT, values)
  return freeze({
    host: values.HOST,
    port: values.PORT,
    ...whereStored(values),
    databasePoolSize: values.DATABASE_POOL_SIZE,
    databaseTimeoutMilliseconds: values.DATABASE_TIMEOUT * 1000,
    rootSecrets: values.LATCHKEY_SECRET ?? [],
    issuer: values.ISSUER ?? `http://localhost:${values.PORT}`,
    audience: values.AUDIENCE,
    externalIssuers: issuersOf(values.OIDC_ISSUERS),
    jwtAlgorithm: values.JWT_ALGORITHM,
    accessTokenSeconds: values.ACCESS_TOKEN_TTL,
    sessionIdleSeconds: Math.min(values.SESSION_IDLE_TTL, values.SESSION_MAX_TTL),
    sessionMaxSeconds: values.SESSION_MAX_TTL,
    refreshGraceSeconds: values.REFRESH_GRACE,
    keyRotationSeconds: values.KEY_ROTATION_INTERVAL,
    revocationSync: values.REVOCATION_SYNC,
    revocationMaxStalenessSeconds: values.REVOCATION_MAX_STALENESS,
    argon2: {
      memoryKib: values.ARGON2_MEMORY_KIB,
      timeCost: values.ARGON2_TIME_COST,
      parallelism: values.ARGON2_PARALLELISM,
      ...hashesAtOnce(values.ARGON2_CONCURRENCY, env['UV_THREADPOOL_SIZE']),
      queue: values.ARGON2_QUEUE
    },
    passwordMinLength: values.PASSWORD_MIN_LENGTH,
    registration: values.REGISTRATION,
    roles: values.ROLES,
    trustProxy: values.TRUST_PROXY,
    corsOrigins: values.CORS_ORIGINS ?? [],
    rateLimit: values.RATE_LIMIT,
    logLevel: values.LOG_LEVEL,
    docs: values.DOCS,
    metricsPublic: values.METRICS_PUBLIC,
    auditRetentionSeconds: values.AUDIT_RETENTION,
    bootstrapAdmin: administrator(values)
  })
}

function whereStored({ DATABASE_URL: url }: Settings): Pick<Config, 'databaseUrl' | 'rootSecretFile'> {
  if (url !== undefined) return { databaseUrl: url, rootSecretFile: secretFileOf(url) }
  return { databaseUrl: `pglite:${resolve('.latchkey/db')}`, rootSecretFile: resolve('.latchkey/secret') }
}

/** What libuv starts unless UV_THREADPOOL_SIZE says otherwise. */
const LIBUV_THREADS = 4

/**
 * As many as there are cores, so that sign-ins are served as fast as they can be; in a crowd a core stays free for everything
 * else. Two of the threads that files and DNS share with the hashes always do.
 */
function hashesAtOnce(
  set: number | undefined,
  threadPoolSize: string | undefined
): Pick<Config['argon2'], 'concurrency' | 'whenCrowded'> {
  if (set !== undefined) return { concurrency: set, whenCrowded: set }
  const threads = /^\d{1,4}$/.test(threadPoolSize ?? '') ? Number(threadPoolSize) : LIBUV_THREADS
  const cores = availableParallelism()
  const atMost = (count: number) => Math.max(1, Math.min(count, threads - 2))
  return { concurrency: atMost(cores), whenCrowded: atMost(cores - 1) }
}

function administrator(settings: Settings): Config['bootstrapAdmin'] {
  const { BOOTSTRAP_ADMIN_EMAIL: email, BOOTSTRAP_ADMIN_PASSWORD: password } = settings
  return email === undefined || password === undefined ? null : { email, password }
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(freeze)
  return Object.freeze(value)
}
