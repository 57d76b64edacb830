import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import t from 'tap'
import { ENVIRONMENT, loadConfig, readConfig, type Config } from '../src/config.ts'
import { createRoleBook } from '../src/domain/permissions.ts'

const SECRET = 'correct-horse-battery-staple-0001'
const OLDER = 'ü'.repeat(16)
const POSTGRES = { DATABASE_URL: 'postgres://db/x', LATCHKEY_SECRET: SECRET }

t.test('without settings there is a whole configuration', async (t) => {
  const { argon2, ...config } = loadConfig({})
  t.strictSame(config, {
    host: '127.0.0.1',
    port: 3000,
    databaseUrl: `pglite:${resolve('.latchkey/db')}`,
    databasePoolSize: 10,
    databaseTimeoutMilliseconds: 5000,
    rootSecrets: [],
    rootSecretFile: resolve('.latchkey/secret'),
    issuer: 'http://localhost:3000',
    audience: 'latchkey-api',
    externalIssuers: [],
    jwtAlgorithm: 'ES256',
    accessTokenSeconds: 15 * 60,
    sessionIdleSeconds: 7 * 86_400,
    sessionMaxSeconds: 30 * 86_400,
    refreshGraceSeconds: 10,
    keyRotationSeconds: 30 * 86_400,
    revocationSync: 'listen',
    revocationMaxStalenessSeconds: 30,
    passwordMinLength: 15,
    registration: 'open',
    roles: {},
    trustProxy: false,
    corsOrigins: [],
    rateLimit: true,
    logLevel: 'info',
    docs: true,
    metricsPublic: false,
    auditRetentionSeconds: 365 * 86_400,
    bootstrapAdmin: null
  })
  t.strictSame(
    { ...argon2, concurrency: 0, whenCrowded: 0 },
    { memoryKib: 19_456, timeCost: 2, parallelism: 1, concurrency: 0, whenCrowded: 0, queue: 64 }
  )
})

t.test('each setting takes what it says, in units that its name says', async (t) => {
  const longIssuer = `https://auth.example/${'a'.repeat(235)}`
  const roles = { editor: ['posts:write', 'posts:read'], admin: ['posts:delete'], none: [] }
  const rows: readonly (readonly [NodeJS.ProcessEnv, Partial<Config>])[] = [
    [{ HOST: '0.0.0.0' }, { host: '0.0.0.0' }],
    [{ HOST: '::' }, { host: '::' }],
    [{ HOST: 'auth-1.internal' }, { host: 'auth-1.internal' }],
    [{ PORT: '8080' }, { port: 8080, issuer: 'http://localhost:8080' }],
    [{ PORT: '0' }, { port: 0, issuer: 'http://localhost:0' }],
    [{ PORT: '65535' }, { port: 65_535 }],
    [{ DATABASE_URL: 'pglite:memory:' }, { databaseUrl: 'pglite:memory:', rootSecretFile: null }],
    [
      { DATABASE_URL: 'pglite:data/' },
      { databaseUrl: `pglite:${resolve('data')}`, rootSecretFile: resolve('data.secret') }
    ],
    [{ DATABASE_URL: 'pglite:/srv/db' }, { databaseUrl: 'pglite:/srv/db', rootSecretFile: '/srv/db.secret' }],
    [POSTGRES, { databaseUrl: 'postgres://db/x', rootSecrets: [SECRET], rootSecretFile: null }],
    ...[
      'postgresql://u:p%40ss@[::1]:5432/x?sslmode=require',
      'postgres://u:a,b@one:5432,two:5433/x',
      'postgres://u@%2Frun%2Fpostgresql/x'
    ].map((url) => [{ ...POSTGRES, DATABASE_URL: url }, { databaseUrl: url }] as const),
    [{ DATABASE_POOL_SIZE: '1000' }, { databasePoolSize: 1000 }],
    [{ DATABASE_TIMEOUT: '1s' }, { databaseTimeoutMilliseconds: 1000 }],
    [{ LATCHKEY_SECRET: `${SECRET},${OLDER}` }, { rootSecrets: [SECRET, OLDER] }],
    [{ LATCHKEY_SECRET: `${SECRET}, ${OLDER} ` }, { rootSecrets: [SECRET, ` ${OLDER} `] }],
    ...['https://auth.example.com', 'https://auth.example.com/', 'https://auth.example.com:8443/t/1', longIssuer].map(
      (issuer) => [{ ISSUER: issuer }, { issuer }] as const
    ),
    ...['http://localhost', 'http://auth.localhost:1', 'http://127.0.0.2:3000', 'http://[::1]:3000'].map(
      (issuer) => [{ ISSUER: issuer }, { issuer }] as const
    ),
    [{ AUDIENCE: 'https://api.example.com/' }, { audience: 'https://api.example.com/' }],
    ...(['ES256', 'EdDSA', 'HS256'] as const).map((name) => [{ JWT_ALGORITHM: name }, { jwtAlgorithm: name }] as const),
    [{ ACCESS_TOKEN_TTL: '1h' }, { accessTokenSeconds: 3600 }],
    [{ ACCESS_TOKEN_TTL: '3600s' }, { accessTokenSeconds: 3600 }],
    [
      { SESSION_IDLE_TTL: '2d', SESSION_MAX_TTL: '2d' },
      { sessionIdleSeconds: 172_800, sessionMaxSeconds: 172_800 }
    ],
    [{ SESSION_MAX_TTL: '1m' }, { sessionIdleSeconds: 60, sessionMaxSeconds: 60 }],
    [{ REFRESH_GRACE: '0' }, { refreshGraceSeconds: 0 }],
    [{ REFRESH_GRACE: '10m' }, { refreshGraceSeconds: 600 }],
    [{ KEY_ROTATION_INTERVAL: '1s' }, { keyRotationSeconds: 1 }],
    [{ REVOCATION_SYNC: 'poll' }, { revocationSync: 'poll' }],
    [{ REVOCATION_MAX_STALENESS: '2m' }, { revocationMaxStalenessSeconds: 120 }],
    [
      {
        ARGON2_MEMORY_KIB: '32',
        ARGON2_TIME_COST: '1',
        ARGON2_PARALLELISM: '4',
        ARGON2_CONCURRENCY: '8',
        ARGON2_QUEUE: '0'
      },
      { argon2: { memoryKib: 32, timeCost: 1, parallelism: 4, concurrency: 8, whenCrowded: 8, queue: 0 } }
    ],
    [{ PASSWORD_MIN_LENGTH: '8' }, { passwordMinLength: 8 }],
    [{ REGISTRATION: 'closed' }, { registration: 'closed' }],
    [{ ROLES: JSON.stringify(roles) }, { roles }],
    [{ TRUST_PROXY: 'off' }, { trustProxy: false }],
    [{ TRUST_PROXY: 'on' }, { trustProxy: ['loopback', 'linklocal', 'uniquelocal'] }],
    [
      { TRUST_PROXY: 'loopback, 10.0.0.0/8,192.0.2.1,2001:db8::/32' },
      { trustProxy: ['loopback', '10.0.0.0/8', '192.0.2.1', '2001:db8::/32'] }
    ],
    [
      { CORS_ORIGINS: 'https://app.example.com, http://localhost:5173' },
      { corsOrigins: ['https://app.example.com', 'http://localhost:5173'] }
    ],
    [{ RATE_LIMIT: 'off' }, { rateLimit: false }],
    [{ LOG_LEVEL: 'silent' }, { logLevel: 'silent' }],
    [{ DOCS: 'off' }, { docs: false }],
    [{ METRICS_PUBLIC: 'on' }, { metricsPublic: true }],
    [{ AUDIT_RETENTION: '7d' }, { auditRetentionSeconds: 604_800 }],
    [
      { BOOTSTRAP_ADMIN_EMAIL: 'Ada@Example.com', BOOTSTRAP_ADMIN_PASSWORD: ' as it is ' },
      { bootstrapAdmin: { email: 'Ada@Example.com', password: ' as it is ' } }
    ]
  ]
  for (const [env, expected] of rows) {
    const config = new Map(Object.entries(loadConfig(env)))
    for (const [member, value] of Object.entries(expected)) t.strictSame(config.get(member), value, JSON.stringify(env))
  }
})

t.test('each setting is also read from the file that NAME_FILE names', async (t) => {
  const texts: Readonly<Record<string, string>> = {
    HOST: '::1',
    PORT: '4000',
    DATABASE_URL: 'postgres://db/x',
    DATABASE_POOL_SIZE: '11',
    DATABASE_TIMEOUT: '6s',
    LATCHKEY_SECRET: `${SECRET},${OLDER}`,
    ISSUER: 'https://auth.example.com',
    AUDIENCE: 'feed',
    JWT_ALGORITHM: 'EdDSA',
    ACCESS_TOKEN_TTL: '1m',
    SESSION_IDLE_TTL: '1h',
    SESSION_MAX_TTL: '2h',
    REFRESH_GRACE: '0',
    KEY_ROTATION_INTERVAL: '1d',
    REVOCATION_SYNC: 'poll',
    REVOCATION_MAX_STALENESS: '5s',
    ARGON2_MEMORY_KIB: '64',
    ARGON2_TIME_COST: '3',
    ARGON2_PARALLELISM: '2',
    ARGON2_CONCURRENCY: '3',
    ARGON2_QUEUE: '5',
    PASSWORD_MIN_LENGTH: '20',
    REGISTRATION: 'closed',
    ROLES: '{\n  "editor": ["posts:write"]\n}',
    OIDC_ISSUERS: '[\n  {"issuer": "https://idp.example", "audience": "api"}\n]',
    TRUST_PROXY: 'loopback',
    CORS_ORIGINS: 'https://app.example.com',
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'debug',
    DOCS: 'off',
    METRICS_PUBLIC: 'on',
    AUDIT_RETENTION: '1d',
    BOOTSTRAP_ADMIN_EMAIL: 'ada@example.com',
    BOOTSTRAP_ADMIN_PASSWORD: 'a password with a space at the end '
  }
  const missing = Object.keys(ENVIRONMENT.properties).filter((name) => !(name in texts))
  t.strictSame(missing, [], 'every setting that can be set is read here')
  const expected = loadConfig(texts)
  for (const end of ['', '\n', '\r\n']) {
    const dir = t.testdir()
    const env: Record<string, string> = {}
    for (const [name, text] of Object.entries(texts)) {
      env[`${name}_FILE`] = join(dir, name)
      writeFileSync(join(dir, name), `${text}${end}`)
    }
    t.strictSame(loadConfig(env), expected, `files that end in ${JSON.stringify(end)}`)
  }
})

t.test('as many hashes run at once as there are cores, in a crowd one less, and two threads stay free', async (t) => {
  const cores = availableParallelism()
  for (const [size, threads] of [
    [undefined, 4],
    ['x', 4],
    ['-8', 4],
    ['0', 0],
    ['2', 2],
    ['3', 3],
    ['64', 64]
  ] as const) {
    const { concurrency, whenCrowded } = loadConfig(size === undefined ? {} : { UV_THREADPOOL_SIZE: size }).argon2
    const expected = [cores, cores - 1].map((count) => Math.max(1, Math.min(count, threads - 2)))
    t.strictSame([concurrency, whenCrowded], expected, `UV_THREADPOOL_SIZE=${size ?? ''}`)
  }
})

t.test('a configuration cannot be changed', async (t) => {
  const config = loadConfig({ ROLES: '{"editor": ["posts:write"]}', CORS_ORIGINS: 'https://app.example.com' })
  const parts = [config, config.argon2, config.roles, config.roles['editor'], config.corsOrigins, config.rootSecrets]
  for (const part of parts) t.ok(Object.isFrozen(part))
})

t.test('fifty roles and fifty permissions are taken, and admin may be given more', async (t) => {
  const names = Array.from({ length: 49 }, (_, i) => [`role${i}`, [`posts:p${i}`]] as const)
  const { roles } = loadConfig({ ROLES: JSON.stringify(Object.fromEntries([...names, ['admin', ['posts:all']]])) })
  t.equal(Object.keys(roles).length, 50)
  t.ok(createRoleBook(roles).permissionsOf(['admin']).includes('posts:all'))
})

t.test('the configuration of the process is that of its environment', async (t) => {
  const before = process.env['PORT']
  t.teardown(() => {
    if (before === undefined) delete process.env['PORT']
    else process.env['PORT'] = before
  })
  process.env['PORT'] = '4321'
  t.equal(readConfig().port, 4321)
})

t.test('every setting is documented', async (t) => {
  for (const [name, setting] of Object.entries(ENVIRONMENT.properties)) {
    t.match(setting.description, /\S\.$/, `${name} says what it is for`)
    t.not(setting.takes, '', `${name} says what it takes`)
    t.not(setting.default === undefined, setting.otherwise === undefined, `${name} says what holds when it is not set`)
  }
})
