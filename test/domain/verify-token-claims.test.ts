import t from 'tap'
import { LEEWAY_SECONDS } from '../../src/domain/access-token.ts'
import {
  forge,
  forgers,
  jsonOf,
  headerOf,
  NOW,
  outcome,
  SERVICE_CLAIMS,
  signTexts,
  type Members
} from '../support/forge.ts'

const REFUSED = 'claims invalid_token'
const EXPIRED = 'time token_expired, claims given'
const EARLY = 'time invalid_token'
const said = (value: unknown) => JSON.stringify(value)
const list = (texts: string) => texts.split(' ')

/** What no name, of whatever it is, may be. */
const NO_NAMES = [
  undefined,
  'null',
  '""',
  '"a\\u0000"',
  '"\\u0000"',
  '"a\\ud800"',
  '"\\udc00\\ud800"',
  '7',
  'true',
  '{}',
  '["a"]'
]
/** What no time may be. Members that are written otherwise but say the same whole number are none of these. */
const NO_TIMES = [
  undefined,
  ...list(`null "" "${NOW}" 1e400 -1e400 1.5 ${NOW}.5 -1 9007199254740992 18446744073709551616 1e16 true {} [${NOW}]`)
]
const rows = (claim: string, values: readonly (string | undefined)[], expected: string) =>
  values.map((value) => [{ [claim]: value }, expected] as const)

const TABLES: Readonly<Record<string, readonly (readonly [Members, string])[]>> = {
  'says who made it': [
    ...rows('iss', NO_NAMES, REFUSED),
    ...rows('iss', ['["https://auth.example.com"]', '["https://auth.example.com","x"]'], REFUSED),
    ...rows(
      'iss',
      [
        'https://auth.example.com/',
        'http://auth.example.com',
        'https://AUTH.example.com',
        'https://auth.example.com ',
        'https://auth.example.co',
        'https://auth.example.com.evil.example',
        '//auth.example.com'
      ].map(said),
      'issuer invalid_token'
    )
  ],
  'says whom it is for': [
    ...rows('aud', ['["latchkey-api"]', '["other","latchkey-api"]', '["latchkey-api","latchkey-api"]'], 'good'),
    ...rows(
      'aud',
      NO_NAMES.filter((value) => value !== '["a"]'),
      REFUSED
    ),
    ...rows(
      'aud',
      list(
        '[] [""] ["latchkey-api",""] ["latchkey-api",7] [["latchkey-api"]] ["latchkey-api",null] {"0":"latchkey-api","length":1}'
      ),
      REFUSED
    ),
    ...rows(
      'aud',
      [
        '"other"',
        '["other"]',
        '["a","b"]',
        '"latchkey-api "',
        '"Latchkey-Api"',
        '"latchkey-api,other"',
        '"latchkey-ap"',
        '"https://auth.example.com"'
      ],
      'audience invalid_token'
    )
  ],
  'has times that are whole numbers': [
    ...rows('exp', NO_TIMES, REFUSED),
    ...rows('iat', NO_TIMES, REFUSED),
    ...rows('nbf', NO_TIMES.slice(1), REFUSED),
    [{ nbf: undefined }, 'good'],
    ...rows('exp', ['9007199254740991', `${NOW + 60}.0`, `${(NOW + 100) / 100}e2`], 'good'),
    ...rows('iat', ['0', '-0'], 'good'),
    ...rows('exp', ['0', '1', '-0'], EXPIRED)
  ],
  'is good from iat and nbf to exp, give or take the leeway': [
    ...rows('exp', [NOW + 1, NOW, NOW - 1, NOW - LEEWAY_SECONDS + 1].map(said), 'good'),
    ...rows('exp', [NOW - LEEWAY_SECONDS, NOW - LEEWAY_SECONDS - 1, NOW - 30, NOW - 3600].map(said), EXPIRED),
    ...['iat', 'nbf'].flatMap((claim) => [
      ...rows(claim, [NOW - 3600, NOW, NOW + LEEWAY_SECONDS].map(said), 'good'),
      ...rows(claim, [NOW + LEEWAY_SECONDS + 1, NOW + 31, NOW + 3600, Number.MAX_SAFE_INTEGER].map(said), EARLY)
    ]),
    [{ nbf: said(NOW + 60), exp: said(NOW + 50) }, EARLY],
    [{ iat: said(NOW + 60), exp: said(NOW - 60) }, EARLY]
  ],
  'has names that everybody reads alike': [
    ...['sub', 'jti', 'client_id', 'sid', 'email'].flatMap((claim) =>
      rows(
        claim,
        NO_NAMES.filter((value) => value !== undefined || claim !== 'sid'),
        REFUSED
      )
    ),
    ...rows('sub', ['"é例\u{1f600}"', '"\\ud83d\\ude00"', '"__proto__"', '" "'], 'good')
  ],
  'has the version of its subject': [
    ...rows(
      'ver',
      [undefined, 'null', '"3"', '""', '1.5', '-1', '1e400', '9007199254740992', '[3]', '{}', 'true'],
      REFUSED
    ),
    ...rows('ver', ['0', '9007199254740991'], 'good')
  ],
  'may say what its holder may do': [
    ...rows('scope', NO_NAMES.slice(1), REFUSED),
    ...rows('scope', [undefined, '"a:b"', '"a:b c:d"'], 'good')
  ],
  'is wholly a user’s or not at all': [
    [{ sid: undefined }, REFUSED],
    [{ roles: undefined }, REFUSED],
    [{ email: undefined }, REFUSED],
    [{ sid: undefined, roles: undefined }, REFUSED],
    [{ sid: undefined, email: undefined }, REFUSED],
    [{ roles: undefined, email: undefined }, REFUSED],
    [{ sid: 'null', roles: 'null', email: 'null' }, REFUSED],
    [{ sid: undefined, roles: undefined, email: undefined }, 'good'],
    ...rows(
      'roles',
      list(
        'null "admin" {} [1] [null] [["admin"]] [""] ["admin",""] ["a\\u0000"] ["a\\ud800"] {"0":"admin","length":1}'
      ),
      REFUSED
    ),
    ...rows('roles', ['[]', '["admin"]', '["a","b"]'], 'good')
  ]
}

for (const forger of forgers) {
  for (const [promise, table] of Object.entries(TABLES)) {
    t.test(`an ${forger.algorithm} token ${promise}`, async (t) => {
      for (const [claims, expected] of table) {
        const shown = Object.entries(claims).map(([name, value]) => `${name} ${value ?? 'missing'}`)
        t.equal(outcome(forge(forger, {}, claims)), expected, shown.join(', '))
      }
    })
  }

  t.test(`an ${forger.algorithm} token of a service is like a user’s without its session`, async (t) => {
    const forgeService = (claims: Members) =>
      signTexts(forger, jsonOf(headerOf(forger)), jsonOf({ ...SERVICE_CLAIMS, ...claims }))
    t.equal(outcome(forgeService({})), 'good')
    for (const claim of ['iss', 'aud', 'sub', 'iat', 'exp', 'jti', 'client_id', 'ver']) {
      t.equal(outcome(forgeService({ [claim]: undefined })), REFUSED, `${claim} missing`)
    }
    for (const [claim, value] of [
      ['sid', '"session-1"'],
      ['sid', 'null'],
      ['sid', '""'],
      ['roles', '["admin"]'],
      ['roles', '[]'],
      ['email', '"ann@example.com"']
    ] as const) {
      t.equal(outcome(forgeService({ [claim]: value })), REFUSED, `${claim} ${value}`)
    }
    t.equal(outcome(forgeService({ exp: said(NOW - LEEWAY_SECONDS) })), EXPIRED)
  })

  t.test(`a claim of an ${forger.algorithm} token is a member of its own`, async (t) => {
    for (const claim of ['iss', 'aud', 'sub', 'exp', 'jti', 'sid']) {
      const inherited = { [claim]: undefined, ['__proto__']: `{${said(claim)}:"x"}` }
      t.equal(outcome(forge(forger, {}, inherited)), REFUSED, claim)
    }
  })
}
