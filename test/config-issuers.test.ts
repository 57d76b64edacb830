import t from 'tap'
import { BadSettings, loadConfig } from '../src/config.ts'

const ENTRY = { issuer: 'https://idp.example', audience: 'latchkey-api' }
const env = (entries: unknown, more: NodeJS.ProcessEnv = {}) => ({ OIDC_ISSUERS: JSON.stringify(entries), ...more })

/** What is said to be wrong, in a few words: the place and what was found there. */
function refused(settings: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadConfig(settings)
  } catch (error) {
    if (error instanceof BadSettings) return error.problems.map(({ name, got }) => `${name} ${got}`)
    throw error
  }
  return []
}

t.test('an external issuer has an audience and, unless given, algorithms and types', async (t) => {
  const { externalIssuers } = loadConfig(env([ENTRY]))
  t.strictSame(externalIssuers, [
    { ...ENTRY, algorithms: ['ES256', 'EdDSA'], types: ['at+jwt'], roleClaim: null, roleMap: {} }
  ])
  t.ok(Object.isFrozen(externalIssuers) && Object.isFrozen(externalIssuers[0]?.algorithms))
  t.strictSame(loadConfig(env([])).externalIssuers, [])
})

t.test('what is said of an external issuer is taken as it is said', async (t) => {
  const roleMap = { 'Staff of the house': 'editor', root: 'admin', '': 'editor' }
  const roleClaim = 'https://idp.example/roles'
  const entries = [
    { ...ENTRY, algorithms: ['RS256', 'PS256'], types: ['JWT'], role_claim: roleClaim, role_map: roleMap },
    { issuer: 'http://127.0.0.1:9000/realms/a', audience: 'urn:example:api' },
    { issuer: 'https://idp.example/', audience: 'latchkey-api' }
  ]
  const { externalIssuers } = loadConfig(env(entries, { ROLES: '{"editor": []}' }))
  t.match(externalIssuers[0], {
    algorithms: ['RS256', 'PS256'],
    types: ['JWT'],
    roleClaim: 'https://idp.example/roles'
  })
  t.strictSame(externalIssuers[0]?.roleMap, roleMap)
  t.strictSame(
    externalIssuers.map(({ issuer }) => issuer),
    entries.map(({ issuer }) => issuer)
  )
})

t.test('an entry that is not as described is refused, and named by its place', async (t) => {
  for (const [entry, got] of [
    [{ audience: 'a' }, 'nothing at /0/issuer'],
    [{ issuer: ENTRY.issuer }, 'nothing at /0/audience'],
    [{ ...ENTRY, algorithm: 'ES256' }, '"ES256" at /0/algorithm'],
    [{ ...ENTRY, allow_private: true }, 'true at /0/allow_private'],
    [{ ...ENTRY, audience: ['a'] }, '["a"] at /0/audience'],
    [{ ...ENTRY, audience: '' }, '"" at /0/audience'],
    [{ ...ENTRY, algorithms: [] }, '[] at /0/algorithms'],
    [{ ...ENTRY, algorithms: 'ES256' }, '"ES256" at /0/algorithms'],
    [{ ...ENTRY, algorithms: ['ES256', 'ES256'] }, '["ES256","ES256"] at /0/algorithms'],
    ...['none', 'HS256', 'ES384', 'es256'].map(
      (name) => [{ ...ENTRY, algorithms: ['ES256', name] }, `"${name}" at /0/algorithms/1`] as const
    ),
    [{ ...ENTRY, types: [] }, '[] at /0/types'],
    [{ ...ENTRY, types: [''] }, '"" at /0/types/0'],
    [{ ...ENTRY, role_claim: '' }, '"" at /0/role_claim'],
    [{ ...ENTRY, role_map: { staff: ['admin'] } }, '["admin"] at /0/role_map/staff'],
    [{ ...ENTRY, role_map: { staff: 'editor' } }, '"editor" at /0/role_map/staff'],
    [{ ...ENTRY, role_map: { staff: 'toString' } }, '"toString" at /0/role_map/staff'],
    ...[
      'idp.example',
      'http://idp.example',
      'https://IDP.example',
      'https://idp.example:443',
      'https://idp.example/?a=b',
      'https://u:p@idp.example',
      'https://idp.example#',
      `https://idp.example/${'a'.repeat(256)}`,
      ''
    ].map((issuer) => [{ ...ENTRY, issuer }, 'at /0/issuer'] as const)
  ] as const) {
    const [problem, ...others] = refused(env([entry]))
    t.strictSame(others, [], 'nothing else is wrong')
    t.ok(problem?.startsWith('OIDC_ISSUERS ') && problem.endsWith(got), `${problem} is about ${got}`)
  }
})

t.test('external issuers are other than this one and than each other, and at most twenty', async (t) => {
  const at = (issuer: string) => ({ ...ENTRY, issuer })
  const many = Array.from({ length: 21 }, (_, i) => at(`https://idp${i}.example`))
  for (const [settings, expected] of [
    [env([ENTRY], { ISSUER: ENTRY.issuer }), [`OIDC_ISSUERS "${ENTRY.issuer}" at /0/issuer`]],
    [env([at('http://localhost:3000')]), ['OIDC_ISSUERS "http://localhost:3000" at /0/issuer']],
    [env([at('http://localhost:3000')], { PORT: '4000' }), []],
    [env([ENTRY, { ...ENTRY, audience: 'b' }]), [`OIDC_ISSUERS "${ENTRY.issuer}" at /1/issuer`]],
    [env(many.slice(1)), []],
    [
      env([at('ftp://a'), at('ftp://b')]),
      ['OIDC_ISSUERS "ftp://a" at /0/issuer', 'OIDC_ISSUERS "ftp://b" at /1/issuer']
    ],
    [env([{ ...ENTRY, role_map: { a: 'editor' } }], { ROLES: '{' }), ['ROLES "{"']]
  ] as const) {
    t.strictSame(refused(settings), expected, settings.OIDC_ISSUERS.slice(0, 80))
  }
  t.equal(refused(env(many)).length, 1)
})
