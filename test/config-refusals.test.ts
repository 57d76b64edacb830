import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { BadSettings, ENVIRONMENT, loadConfig } from '../src/config.ts'

const SECRET = 'correct-horse-battery-staple-0001'

function refusal(env: NodeJS.ProcessEnv): BadSettings {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof BadSettings) return error
    throw error
  }
  return new BadSettings([])
}
const refused = (env: NodeJS.ProcessEnv) => refusal(env).problems.map(({ name }) => name)

t.test('anything else in a setting is refused by name, with what it got', async (t) => {
  const durations = [
    '15',
    'm',
    '15 m',
    '15min',
    '15M',
    '1.5h',
    '-1s',
    '+1s',
    '1h30m',
    ' 15m',
    '015m',
    '0s',
    '0m',
    '1e3s',
    '15m\n'
  ]
  const switches = ['true', 'false', '1', '0', 'yes', 'ON', 'Off', ' on']
  const integers = ['x', '1.0', '1e3', '0x10', '+8', '-1', ' 8', '08', '8 ', '٣', '99999999999999999999']
  const rows: Readonly<Record<string, readonly string[]>> = {
    HOST: [' ', '0', '[::1]', '127.0.0.256', '1.2.3', 'a b', '-a', 'http://localhost', 'a..b'],
    PORT: [...integers, '65536'],
    DATABASE_URL: [
      'postgres',
      'postgres://',
      'postgres:///x',
      'postgres:/db/x',
      'mysql://db/x',
      'postgres://u:p#@db/x',
      'postgres://u:1#@db/x',
      'postgres://u:p%@db/x',
      'postgres://u:p@db:x/x',
      'pglite',
      'pglite:',
      'pglite: ',
      'pglite://data',
      'pglite:a\0b',
      './data'
    ],
    DATABASE_POOL_SIZE: [...integers, '0', '1001'],
    DATABASE_TIMEOUT: [...durations, '0', '2h', '5000'],
    LATCHKEY_SECRET: ['a'.repeat(31), `${SECRET},short`, `${SECRET},`, `,${SECRET}`],
    ISSUER: [
      'auth.example.com',
      'http://auth.example.com',
      'http://127.example.com',
      'http://localhost.example.com',
      'ftp://localhost',
      'https://auth.example.com?',
      'https://auth.example.com/?a=b',
      'https://auth.example.com/#a',
      'https://u:p@auth.example.com',
      'https://AUTH.example.com',
      'HTTPS://auth.example.com',
      'https://auth.example.com:443',
      'https://auth.example.com/a/../b',
      'https://münchen.example',
      ' https://auth.example.com',
      'https://*.example.com',
      `https://auth.example/${'a'.repeat(236)}`
    ],
    AUDIENCE: [' ', 'a b', 'ü', 'a'.repeat(257)],
    JWT_ALGORITHM: ['RS256', 'es256', 'none', 'ES256 '],
    ACCESS_TOKEN_TTL: [...durations, '0', '3601s', '2h', '1d'],
    SESSION_IDLE_TTL: [...durations, '0', '401d', `${'9'.repeat(400)}d`],
    SESSION_MAX_TTL: [...durations, '0', '401d'],
    REFRESH_GRACE: [...durations, '00', '11m'],
    KEY_ROTATION_INTERVAL: [...durations, '0', '3651d'],
    REVOCATION_SYNC: ['on', 'notify', 'Poll'],
    REVOCATION_MAX_STALENESS: [...durations, '0', '2h'],
    ARGON2_MEMORY_KIB: [...integers, '7', '2097153'],
    ARGON2_TIME_COST: [...integers, '0', '101'],
    ARGON2_PARALLELISM: [...integers, '0', '65'],
    ARGON2_CONCURRENCY: [...integers, '0', '1025'],
    ARGON2_QUEUE: [...integers, '100001'],
    PASSWORD_MIN_LENGTH: [...integers, '7', '65'],
    REGISTRATION: ['on', 'Open', 'invite'],
    ROLES: [
      'editor',
      '[]',
      'null',
      '"editor"',
      '{"editor": "posts:write"}',
      '{"editor": [1]}',
      '{"editor": ["posts"]}',
      '{"editor": ["Posts:write"]}',
      '{"editor": ["posts:write "]}',
      `{"editor": ["posts:${'w'.repeat(35)}"]}`,
      '{"an editor": []}',
      '{"": []}',
      '{"__proto__": []}',
      `{"${'e'.repeat(41)}": []}`,
      '{"editor": [], "editor": ["posts:write"]}',
      JSON.stringify(Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`role${i}`, []]))),
      JSON.stringify({ editor: Array.from({ length: 51 }, (_, i) => `posts:p${i}`) })
    ],
    OIDC_ISSUERS: ['{}', '[{}]', 'https://idp.example', '[{"issuer": "https://idp.example", "audience": "a"}'],
    TRUST_PROXY: [
      'true',
      '1',
      'Loopback',
      'proxy.internal',
      '10.0.0.0/0',
      '10.0.0.0/33',
      '10.0.0.0/08',
      '10.0.0/8',
      '::1/129',
      '::ffff:10.0.0.1',
      'fe80::1%eth0',
      'loopback,',
      'off,loopback'
    ],
    CORS_ORIGINS: [
      '*',
      'null',
      'app.example.com',
      'https://app.example.com/',
      'https://APP.example.com',
      'https://app.example.com:443',
      'https://*.example.com',
      'https://münchen.example',
      'ws://app.example.com',
      'https://a.example https://b.example',
      'https://a.example,',
      'https://a.example,https://b.example/x'
    ],
    RATE_LIMIT: switches,
    LOG_LEVEL: ['warning', 'INFO', '30'],
    DOCS: switches,
    METRICS_PUBLIC: switches,
    AUDIT_RETENTION: [...durations, '0', '36501d', 'forever'],
    BOOTSTRAP_ADMIN_EMAIL: ['ada', 'ada@', 'a b@example.com'],
    BOOTSTRAP_ADMIN_PASSWORD: ['\0']
  }
  for (const [name, texts] of Object.entries(rows)) {
    for (const text of [...texts, '']) {
      const env = { BOOTSTRAP_ADMIN_EMAIL: 'a@b.example', BOOTSTRAP_ADMIN_PASSWORD: 'x', [name]: text }
      const { problems } = refusal({ ...env, ...(name === 'LATCHKEY_SECRET' ? {} : { LATCHKEY_SECRET: SECRET }) })
      t.strictSame(
        problems.map((problem) => problem.name),
        [name],
        `${name}=${JSON.stringify(text).slice(0, 60)}`
      )
    }
  }
  const others = Object.keys(ENVIRONMENT.properties).filter((name) => !(name in rows))
  t.strictSame(others, [], 'every setting has a row')
})

t.test('a refusal shows the value, and in JSON the place of the mistake', async (t) => {
  for (const [env, got] of [
    [{ PORT: 'http\n' }, '"http\\n"'],
    [{ ROLES: '{"editor": ["posts:read", "write"]}' }, '"write" at /editor/1'],
    [{ ROLES: '{"the editor": ["posts:read"]}' }, '["posts:read"] at /the editor'],
    [{ ROLES: '{' }, '"{"'],
    [{ AUDIENCE: 'ü'.repeat(500) }, `"${'ü'.repeat(119)}…`],
    [{ ISSUER: 'https://ada:zebra@h@auth.example.com' }, '"https://(hidden)@auth.example.com"'],
    [{ DATABASE_URL: 'pglite:' }, '"pglite:"']
  ] as const) {
    t.equal(refusal(env).problems[0]?.got, got, got)
  }
})

t.test('what settings must be to each other is checked', async (t) => {
  for (const [env, names] of [
    [{ SESSION_IDLE_TTL: '31d' }, ['SESSION_IDLE_TTL']],
    [{ SESSION_IDLE_TTL: '2h', SESSION_MAX_TTL: '1h' }, ['SESSION_IDLE_TTL']],
    [{ SESSION_IDLE_TTL: '2h', SESSION_MAX_TTL: 'x' }, ['SESSION_MAX_TTL']],
    [{ ARGON2_MEMORY_KIB: '31', ARGON2_PARALLELISM: '4' }, ['ARGON2_MEMORY_KIB']],
    [{ ARGON2_MEMORY_KIB: '31', ARGON2_PARALLELISM: '3' }, []],
    [{ DATABASE_URL: 'postgres://db/x' }, ['LATCHKEY_SECRET']],
    [{ DATABASE_URL: 'pglite:memory:' }, []],
    [{ BOOTSTRAP_ADMIN_EMAIL: 'a@b.example' }, ['BOOTSTRAP_ADMIN_PASSWORD']],
    [{ BOOTSTRAP_ADMIN_PASSWORD: 'x' }, ['BOOTSTRAP_ADMIN_EMAIL']],
    [{ ROLES: JSON.stringify({ a: permissions(0, 30), b: permissions(20, 50) }) }, []],
    [{ ROLES: JSON.stringify({ a: permissions(0, 30), b: permissions(20, 51) }) }, ['ROLES']]
  ] as const) {
    t.strictSame(refused(env), names, JSON.stringify(env).slice(0, 80))
  }
  t.match(refusal({ SESSION_IDLE_TTL: '36h', SESSION_MAX_TTL: '90m' }).message, /got 36h; takes .* which is 90m/)

  function permissions(from: number, to: number) {
    return Array.from({ length: to - from }, (_, i) => `posts:p${from + i}`)
  }
})

t.test('every wrong setting is named at once, one line each', async (t) => {
  const env = { PORT: 'x', DOCS: 'yes', DATABASE_URL: 'postgres://db/x', BOOTSTRAP_ADMIN_EMAIL: 'a@b.example' }
  const { message, problems } = refusal(env)
  const names = ['PORT', 'DOCS', 'LATCHKEY_SECRET', 'BOOTSTRAP_ADMIN_PASSWORD']
  t.strictSame(
    problems.map(({ name }) => name),
    names
  )
  const lines = message.split('\n').slice(1)
  t.equal(lines.length, names.length)
  t.equal(lines[0], '  PORT: got "x"; takes a whole number from 0 to 65535')
  t.match(lines[2], /LATCHKEY_SECRET: got nothing; takes 32 random bytes/)
})

t.test('no refusal shows a secret', async (t) => {
  const dir = t.testdir({ secret: 'zebra', url: 'mysql://u:zebra@db/x' })
  for (const env of [
    { LATCHKEY_SECRET: 'zebra' },
    { LATCHKEY_SECRET: `${SECRET},zebra` },
    { LATCHKEY_SECRET_FILE: join(dir, 'secret') },
    { LATCHKEY_SECRET_FILE: 'zebra-zebra-zebra-zebra-zebra-zebra' },
    { BOOTSTRAP_ADMIN_PASSWORD: 'zebra' },
    { BOOTSTRAP_ADMIN_PASSWORD: 'zebra\0', BOOTSTRAP_ADMIN_EMAIL: 'a@b.example' },
    { BOOTSTRAP_ADMIN_PASSWORD_FILE: 'zebra', BOOTSTRAP_ADMIN_EMAIL: 'a@b.example' },
    { DATABASE_URL: 'postgres://u:zebra@db/x' },
    { DATABASE_URL: 'mysql://u:zebra@db/x' },
    { DATABASE_URL: 'postgres://u:zebra#@db/x' },
    { DATABASE_URL: 'u:zebra@db/x' },
    { DATABASE_URL: 'zebra' },
    { DATABASE_URL_FILE: join(dir, 'url') },
    { ISSUER: 'https://u:zebra@auth.example.com', CORS_ORIGINS: 'https://u:ze"bra@app.example.com' }
  ]) {
    const error = refusal(env)
    t.not(error.problems.length, 0, JSON.stringify(env))
    t.notMatch(JSON.stringify([error.message, error.problems, error.stack]), /ze.{0,2}bra/, JSON.stringify(env))
  }
  t.equal(refusal({ DATABASE_URL: 'mysql://u:zebra@db/x' }).problems[0]?.got, 'mysql://(hidden)')
})

t.test('a file that does not do is refused under the name of its variable', async (t) => {
  const dir = t.testdir({ port: '4000\n\n', empty: '', newline: '\n', wrong: 'x' })
  writeFileSync(join(dir, 'bytes'), Buffer.from([...Array(40).keys()].map((i) => i + 200)))
  mkdirSync(join(dir, 'folder'))
  for (const [env, got] of [
    [{ PORT_FILE: join(dir, 'port') }, '"4000\\n"'],
    [{ PORT_FILE: join(dir, 'empty') }, '""'],
    [{ PORT_FILE: join(dir, 'newline') }, '""'],
    [{ PORT_FILE: join(dir, 'wrong') }, '"x"'],
    [{ PORT_FILE: join(dir, 'absent') }, JSON.stringify(join(dir, 'absent')).slice(0, 120)],
    [{ PORT_FILE: 'absent' }, '"absent"'],
    [{ PORT_FILE: '' }, '""'],
    [{ PORT_FILE: join(dir, 'port'), PORT: '3000' }, 'a path, while PORT is set too'],
    [{ LATCHKEY_SECRET_FILE: '/absent/secret' }, '"/absent/secret"'],
    [{ LATCHKEY_SECRET_FILE: join(dir, 'bytes') }, JSON.stringify(join(dir, 'bytes')).slice(0, 120)],
    [{ LATCHKEY_SECRET_FILE: join(dir, 'folder') }, JSON.stringify(join(dir, 'folder')).slice(0, 120)]
  ] as const) {
    const { problems } = refusal(env)
    t.strictSame(
      problems.map(({ name }) => name),
      [Object.keys(env)[0]],
      JSON.stringify(env)
    )
    t.ok(problems[0]?.got.startsWith(got), `${problems[0]?.got} shows ${got}`)
  }
})
