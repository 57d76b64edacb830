import { createHmac, createPublicKey } from 'node:crypto'
import t from 'tap'
import { isSignedBy, readAssertion } from '../../src/domain/client-assertion.ts'
import { assertionOf, ISSUER, makeAssertionKey, signatureOf, type AssertionKey } from '../support/assertions.ts'
import { encode, NOW, type Members } from '../support/forge.ts'

const CLIENT = '01942d3c-4b5d-7a20-8e1c-6f7a8b9c0d13'
const said = JSON.stringify
const TIMES = { iat: String(NOW), exp: String(NOW + 60) }
const keys = [makeAssertionKey('ES256'), makeAssertionKey('EdDSA')]
const stored = ({ publicJwk }: AssertionKey): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(publicJwk).map(([name, value]) => [name, String(value)]))

/** `good`, `signature`, or what is wrong besides. */
function judge(text: string, jwk: Readonly<Record<string, string>>): string {
  const assertion = readAssertion(text, ISSUER, NOW * 1000)
  if ('wrong' in assertion) return assertion.wrong
  return isSignedBy(jwk, assertion) ? 'good' : 'signature'
}

const FORM = 'The assertion is not a compact JWS with canonical parts.'
const TYP = 'The assertion has a typ that is not that of one.'
const EXTENSION = 'The assertion has a header member that is not understood.'
const ALG = 'The alg of an assertion is ES256, EdDSA or Ed25519.'
const KID = 'The kid of the assertion is not a string.'
const WHO = 'iss and sub of an assertion are the client_id.'
const AUD = `The aud of an assertion is the issuer alone, ${ISSUER}.`
const JTI = 'An assertion has a jti of 1 to 256 characters.'
const EXP = 'An assertion has an exp, in whole seconds.'
const EXPIRED = 'The assertion has expired.'
const FAR = 'An assertion expires within 600 seconds.'
const WHOLE = 'nbf and iat are in whole seconds.'
const EARLY = 'The assertion is not valid yet.'

type Rows = readonly (readonly [claims: Members, expected: string, header?: Members])[]
const time = (name: string, rows: readonly (readonly [string | undefined, string])[]): Rows =>
  rows.map(([text, expected]) => [{ [name]: text }, expected])
const header = (name: string, values: readonly (string | undefined)[], expected: string): Rows =>
  values.map((text) => [{}, expected, { [name]: text }])

const notWhole = ['null', `"${NOW + 60}"`, `${NOW + 60}.5`, '1e400', '9007199254740992', '[]', 'true']
const beginsTable = (name: string) =>
  time(name, [
    ...[undefined, String(NOW), String(NOW - 1e6), '0', String(NOW + 5)].map((text) => [text, 'good'] as const),
    ...[NOW + 6, NOW + 3600].map((at) => [String(at), EARLY] as const),
    ...notWhole.map((text) => [text, WHOLE] as const)
  ])

const TABLES: Readonly<Record<string, Rows>> = {
  'is from the client about itself': [
    [{}, 'good'],
    [{ iss: '"other"' }, WHO],
    [{ sub: '"other"' }, WHO],
    [{ iss: undefined }, WHO],
    [{ sub: undefined }, WHO],
    [{ iss: undefined, sub: undefined }, WHO],
    [{ iss: '""', sub: '""' }, WHO],
    [{ iss: '1', sub: '1' }, WHO],
    [{ iss: 'null', sub: 'null' }, WHO],
    [{ iss: `[${said(CLIENT)}]`, sub: `[${said(CLIENT)}]` }, WHO],
    [{ iss: said(CLIENT.toUpperCase()) }, WHO],
    [{ iss: said(`${CLIENT} `) }, WHO]
  ],
  'is meant for the issuer alone': [
    [{ aud: said(ISSUER) }, 'good'],
    [{ aud: said([ISSUER]) }, 'good'],
    ...[
      [ISSUER, ISSUER],
      [ISSUER, 'https://other.example'],
      ['https://other.example', ISSUER],
      [[ISSUER]],
      [],
      {},
      { 0: ISSUER },
      null,
      1,
      '',
      `${ISSUER}/`,
      `${ISSUER}/oauth2/token`,
      `${ISSUER}/oauth2/introspect`,
      ISSUER.toUpperCase(),
      ` ${ISSUER}`,
      `${ISSUER}\0`,
      'latchkey-api'
    ].map((aud) => [{ aud: said(aud) }, AUD] as const),
    [{ aud: undefined }, AUD]
  ],
  'has an id': [
    ...['"a"', said('x'.repeat(256)), '"é\u{1f600}"', '"__proto__"'].map((jti) => [{ jti }, 'good'] as const),
    ...[undefined, '""', 'null', '1', '["a"]', '{}', said('x'.repeat(257)), '"\\ud800"'].map(
      (jti) => [{ jti }, JTI] as const
    )
  ],
  'expires, and soon': time('exp', [
    ...[NOW + 600, NOW + 60, NOW, NOW - 4].map((at) => [String(at), 'good'] as const),
    ...[NOW - 5, NOW - 3600, 0, -1].map((at) => [String(at), EXPIRED] as const),
    ...[NOW + 601, NOW + 3600, NOW * 1000, 2 ** 53 - 1].map((at) => [String(at), FAR] as const),
    ...[undefined, ...notWhole].map((text) => [text, EXP] as const)
  ]),
  'was made before it came': beginsTable('iat'),
  'is not for later': beginsTable('nbf'),
  'is typed as one, or not at all': [
    ...header(
      'typ',
      [undefined, '"JWT"', '"jwt"', '"client-authentication+jwt"', '"Client-Authentication+JWT"'],
      'good'
    ),
    ...header('typ', ['null', '""', '1', '["JWT"]', '"at+jwt"', '"JWT "', '"secevent+jwt"', '"dpop+jwt"', '"JWS"'], TYP)
  ],
  'asks for no extension': [
    ...header('crit', ['null', '[]', '["exp"]', '["b64"]', 'false'], EXTENSION),
    ...header('b64', ['true', 'false', 'null'], EXTENSION)
  ],
  'is signed by an algorithm that clients use': header(
    'alg',
    [
      ...[undefined, 'null', '"none"', '"None"', '""', '"HS256"', '"RS256"', '"PS256"', '"ES384"', '"ES256K"'],
      ...['"Ed448"', '"es256"', '" ES256"', '["ES256"]', '{"toString":"ES256"}', '1']
    ],
    ALG
  ),
  'may name its key': [
    ...header('kid', [undefined, '""', '"anything"', '"__proto__"'], 'good'),
    ...header('kid', ['null', '1', '[]', '{}'], KID)
  ],
  'may hold more, which nobody asks': [
    [
      { extra: '{"deep":[]}', ['__proto__']: '{"sub":"x"}' },
      'good',
      { jwk: '{}', jku: '"https://evil.example"', cty: '"x"' }
    ]
  ]
}

for (const key of keys) {
  const make = (claims: Members = {}, header: Members = {}) => assertionOf(key, CLIENT, { ...TIMES, ...claims }, header)
  for (const [promise, rows] of Object.entries(TABLES)) {
    t.test(`an assertion signed by ${key.algorithm} ${promise}`, async (t) => {
      for (const [claims, expected, header = {}] of rows) {
        t.equal(judge(make(claims, header), stored(key)), expected, said([claims, header]).replace(/[^ -~]/g, '?'))
      }
    })
  }

  t.test(`an assertion signed by ${key.algorithm} has one spelling`, async (t) => {
    const good = make()
    const [head = '', payload = '', signature = ''] = good.split('.')
    const bytes = Buffer.from(signature, 'base64url')
    const resigned = (head: string, payload: string) =>
      `${head}.${payload}.${encode(signatureOf(key, `${head}.${payload}`))}`
    const twice = (name: string, value: string) =>
      encode(Buffer.from(payload, 'base64url').toString().replace(/^{/, `{"${name}":${value},`))
    for (const [text, expected] of [
      [good, 'good'],
      ['', FORM],
      ['a.b.c', FORM],
      [`${head}.${payload}`, FORM],
      [`${head}.${payload}.`, FORM],
      [`${good}.`, FORM],
      [`${good}=`, FORM],
      [` ${good}`, FORM],
      [`${good}\n`, FORM],
      [resigned(`${head}=`, payload), FORM],
      [resigned(head, `${payload}=`), FORM],
      [resigned(head, twice('sub', '"x"')), FORM],
      [resigned(head, twice('aud', '"x"')), FORM],
      [resigned(head, twice('exp', '1')), FORM],
      [resigned(encode('[]'), payload), FORM],
      [resigned(head, encode('null')), FORM],
      [resigned(head, encode(Buffer.from([0x7b, 0xff, 0x7d]))), FORM],
      [make({ x: `"${'x'.repeat(8192)}"` }), FORM],
      [`${head}.${payload}.${encode(bytes.subarray(1))}`, 'signature'],
      [`${head}.${payload}.${encode(Buffer.concat([bytes, bytes]))}`, 'signature'],
      [
        `${head}.${encode(said({ iss: CLIENT, sub: CLIENT, aud: ISSUER, jti: 'x', exp: NOW + 1 }))}.${signature}`,
        'signature'
      ],
      [`${encode(said({ alg: key.algorithm }))}.${payload}.${signature}`, 'signature']
    ] as const) {
      t.equal(judge(text, stored(key)), expected, said(text.slice(0, 60)))
    }
  })

  t.test(`no other key than that of the client makes an assertion for ${key.algorithm}`, async (t) => {
    const [head = '', payload = ''] = make().split('.')
    const input = `${head}.${payload}`
    const other = makeAssertionKey(key.algorithm)
    t.equal(judge(assertionOf(other, CLIENT, TIMES), stored(key)), 'signature', 'another one of the same kind')
    t.equal(judge(assertionOf(other, CLIENT, TIMES, { jwk: said(other.publicJwk) }), stored(key)), 'signature')
    for (const one of keys.filter((each) => each !== key)) {
      t.equal(judge(assertionOf(one, CLIENT, TIMES), stored(key)), 'signature', 'a key of another kind')
      const disguised = { alg: said(key.algorithm) }
      t.equal(judge(assertionOf(one, CLIENT, TIMES, disguised), stored(key)), 'signature', 'that says it is of this')
    }
    for (const bytes of [Buffer.alloc(64), Buffer.alloc(64, 0xff), Buffer.alloc(1), Buffer.alloc(72, 0x30)]) {
      t.equal(judge(`${input}.${encode(bytes)}`, stored(key)), 'signature', `${bytes.length} times ${bytes[0]}`)
    }
    const publicKey = createPublicKey(key.privateKey)
    for (const secret of [
      publicKey.export({ format: 'pem', type: 'spki' }),
      publicKey.export({ format: 'der', type: 'spki' }),
      said(key.publicJwk)
    ]) {
      const asHmac = encode(said({ alg: 'HS256' }))
      const mac = (head: string) => createHmac('sha256', secret).update(`${head}.${payload}`).digest()
      t.equal(judge(`${asHmac}.${payload}.${encode(mac(asHmac))}`, stored(key)), ALG, 'the public key is no secret')
      t.equal(judge(`${head}.${payload}.${encode(mac(head))}`, stored(key)), 'signature')
    }
  })

  t.test(`a kid that both name for ${key.algorithm} is the same one`, async (t) => {
    const named = { ...stored(key), kid: 'key-1' }
    for (const [kid, expected] of [
      ['"key-1"', 'good'],
      [undefined, 'good'],
      ['"key-2"', 'signature'],
      ['""', 'signature'],
      ['"KEY-1"', 'signature']
    ] as const) {
      t.equal(judge(make({}, { kid }), named), expected, kid ?? 'none')
    }
  })
}

t.test('EdDSA over Ed25519 may be called by the name that says so (RFC 9864), and nothing else may', async (t) => {
  for (const key of keys) {
    const text = assertionOf(key, CLIENT, TIMES, { alg: '"Ed25519"' })
    t.equal(judge(text, stored(key)), key.algorithm === 'EdDSA' ? 'good' : 'signature', key.algorithm)
  }
})

t.test('a signature of ES256 is two numbers, and not as X.509 has them', async (t) => {
  const key = makeAssertionKey('ES256')
  const good = assertionOf(key, CLIENT, TIMES)
  const input = good.slice(0, good.lastIndexOf('.'))
  const raw = Buffer.from(good.slice(input.length + 1), 'base64url')
  const [r, s] = [raw.subarray(0, 32), raw.subarray(32)]
  const integer = (bytes: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), bytes])
  const der = Buffer.concat([Buffer.from([0x30, 70]), integer(r), integer(s)])
  const zero = Buffer.alloc(32)
  t.equal(judge(`${input}.${encode(raw)}`, stored(key)), 'good')
  for (const [what, bytes] of [
    ['DER', der],
    ['r is zero', Buffer.concat([zero, s])],
    ['s is zero', Buffer.concat([r, zero])],
    ['the other way round', Buffer.concat([s, r])],
    ['padded', Buffer.concat([Buffer.alloc(1), r, Buffer.alloc(1), s])]
  ] as const) {
    t.equal(judge(`${input}.${encode(bytes)}`, stored(key)), 'signature', what)
  }
})

t.test(
  'an assertion is known again by its id, and the ids of two clients have nothing to do with each other',
  async (t) => {
    const [key] = keys
    if (key === undefined) throw new Error('There is a key.')
    const hashOf = (client: string, jti: string, more: Members = {}) => {
      const assertion = readAssertion(
        assertionOf(key, client, { ...TIMES, jti: said(jti), ...more }),
        ISSUER,
        NOW * 1000
      )
      return 'wrong' in assertion ? assertion.wrong : assertion.hash.toString('hex')
    }
    const one = hashOf('a', 'b')
    t.match(one, /^[0-9a-f]{64}$/)
    t.equal(hashOf('a', 'b', { exp: String(NOW + 90), iat: undefined, x: '1' }), one, 'whatever else it says')
    const others = [hashOf('b', 'a'), hashOf('a', 'c'), hashOf('ab', 'b'), hashOf('a","b', 'c'), hashOf('a', 'b","c')]
    t.equal(new Set([one, ...others]).size, 6)
  }
)
