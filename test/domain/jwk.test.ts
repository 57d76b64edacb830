import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import t from 'tap'
import { importJwk, JWS_ALGORITHMS, type JwsAlgorithm } from '../../src/domain/jwk.ts'
import { keysOfSet } from '../../src/domain/jwk-set.ts'

type Jwk = Readonly<Record<string, unknown>>
const jwkOf = (key: { export(options: { format: 'jwk' }): JsonWebKey }): Jwk => ({ ...key.export({ format: 'jwk' }) })
const publicOf = {
  ec: jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
  ed: jwkOf(generateKeyPairSync('ed25519').publicKey),
  rsa: jwkOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)
}
const { ec, ed, rsa } = publicOf
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
const bytesOf = (text: unknown) => Buffer.from(String(text), 'base64url')
const hex = (text: string) => base64url(Buffer.from(text, 'hex'))
const uint = (number: bigint) => {
  const digits = number.toString(16)
  return hex(digits.padStart(digits.length + (digits.length % 2), '0'))
}

/** The algorithm that it is taken for, or what is wrong with it. */
function outcome(jwk: unknown, allowed: readonly JwsAlgorithm[] = JWS_ALGORITHMS): string {
  const imported = importJwk(jwk, allowed)
  return 'wrong' in imported ? imported.wrong : imported.algorithm
}
const OFF = 'is not a sound point of its curve'
const NO_KEY = /^is not plainly a key for /
const NO_SOUND = 'has an n or e that no sound key has'
const NO_NUMBER = 'has an n or e that is no number in base64url without leading zeros'

t.test('a public key is taken for the algorithm that it says, or for the only one that it can be for', async (t) => {
  for (const [jwk, allowed, expected] of [
    [{ ...ec, alg: 'ES256' }, JWS_ALGORITHMS, 'ES256'],
    [ec, JWS_ALGORITHMS, 'ES256'],
    [{ ...ed, alg: 'EdDSA' }, JWS_ALGORITHMS, 'EdDSA'],
    [ed, JWS_ALGORITHMS, 'EdDSA'],
    [{ ...ed, alg: 'Ed25519' }, JWS_ALGORITHMS, 'EdDSA'],
    [{ ...rsa, alg: 'RS256' }, JWS_ALGORITHMS, 'RS256'],
    [{ ...rsa, alg: 'PS256' }, JWS_ALGORITHMS, 'PS256'],
    [rsa, ['RS256'], 'RS256'],
    [rsa, ['ES256', 'PS256'], 'PS256'],
    [{ ...ec, use: 'sig', key_ops: ['verify'] }, JWS_ALGORITHMS, 'ES256'],
    [{ ...ec, key_ops: ['verify', 'sign'], x5c: ['?'], x5u: '?', ext: true, kid: 'a' }, ['ES256'], 'ES256']
  ] as const) {
    t.equal(outcome(jwk, allowed), expected, JSON.stringify(jwk).slice(0, 100))
  }
  const imported = importJwk({ ...ec, kid: 'one', use: 'sig', x5u: 'https://evil.example' }, ['ES256'])
  if ('wrong' in imported) throw new Error(imported.wrong)
  t.strictSame(imported.publicJwk, { ...ec, kid: 'one', alg: 'ES256' }, 'and nothing else of it is kept')
  t.strictSame(jwkOf(createPublicKey(imported.publicPem)), ec)
})

t.test('the algorithm is that of the key, and one that is allowed', async (t) => {
  for (const [jwk, allowed] of [
    [rsa, JWS_ALGORITHMS],
    [rsa, ['ES256', 'EdDSA']],
    [{ ...rsa, alg: 'RS256' }, ['PS256']],
    [{ ...rsa, alg: 'ES256' }, JWS_ALGORITHMS],
    [{ ...ec, alg: 'EdDSA' }, JWS_ALGORITHMS],
    [{ ...ed, alg: 'ES256' }, JWS_ALGORITHMS],
    [{ ...ec, alg: 'ES256' }, ['EdDSA']],
    ...['none', 'HS256', 'es256', 'ES384', 'ECDH-ES', 'RSA-OAEP', 'RS512', '', null, ['ES256'], 256, undefined].map(
      (alg) => [{ ...ec, alg }, JWS_ALGORITHMS] as const
    ),
    [{ ...ec, kty: 'OKP' }, JWS_ALGORITHMS],
    [{ ...ec, kty: 'ec' }, JWS_ALGORITHMS],
    [{ ...ec, kty: ['EC'] }, JWS_ALGORITHMS],
    [{ ...ec, kty: undefined }, JWS_ALGORITHMS],
    [{ ...ec, crv: 'P-384' }, JWS_ALGORITHMS],
    [{ ...ec, crv: 'secp256k1' }, JWS_ALGORITHMS],
    [{ ...ec, crv: undefined }, JWS_ALGORITHMS],
    [{ ...ed, crv: 'X25519' }, JWS_ALGORITHMS],
    [{ ...ed, crv: 'Ed448' }, JWS_ALGORITHMS],
    [{ ...rsa, crv: 'P-256', alg: 'RS256' }, JWS_ALGORITHMS],
    [jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey), JWS_ALGORITHMS],
    [jwkOf(generateKeyPairSync('x25519').publicKey), JWS_ALGORITHMS],
    [{}, JWS_ALGORITHMS]
  ] as const) {
    t.match(outcome(jwk, allowed), NO_KEY, JSON.stringify([jwk, allowed]).slice(0, 120))
  }
})

t.test('a key that is for something else, or is no public key, is left alone', async (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsaPrivate = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  for (const [jwk, expected] of [
    [{ ...ec, use: 'enc' }, 'is not for signatures (use)'],
    [{ ...ec, use: 'SIG' }, 'is not for signatures (use)'],
    [{ ...ec, use: ['sig'] }, 'is not for signatures (use)'],
    [{ ...ec, use: null }, 'is not for signatures (use)'],
    [{ ...ec, key_ops: ['sign'] }, 'is not for verifying (key_ops)'],
    [{ ...ec, key_ops: ['verify', 'encrypt'] }, 'is not for verifying (key_ops)'],
    [{ ...ec, key_ops: [] }, 'is not for verifying (key_ops)'],
    [{ ...ec, key_ops: ['encrypt', 'wrapKey'] }, 'is not for verifying (key_ops)'],
    [{ ...ec, key_ops: 'verify' }, 'has a bad key_ops'],
    [{ ...ec, key_ops: ['verify', 'verify'] }, 'has a bad key_ops'],
    [{ ...ec, use: 'sig', key_ops: ['deriveKey'] }, 'is not for verifying (key_ops)'],
    [jwkOf(privateKey), 'holds the private member d'],
    [jwkOf(rsaPrivate), 'holds the private member d'],
    [{ ...ed, d: base64url(Buffer.alloc(32, 1)) }, 'holds the private member d'],
    [{ ...ec, d: null }, 'holds the private member d'],
    ...['p', 'q', 'dp', 'dq', 'qi', 'oth'].map(
      (name) => [{ ...rsa, [name]: 'AQ' }, `holds the private member ${name}`] as const
    ),
    [{ kty: 'oct', k: base64url(Buffer.alloc(32, 1)), alg: 'HS256', kid: 'a' }, 'holds the private member k'],
    [{ ...ec, k: 'AQ' }, 'holds the private member k'],
    ...['', 'x'.repeat(257), 7, [], {}, true].map(
      (kid) => [{ ...ec, kid }, 'has a kid that is not 1 to 256 characters'] as const
    ),
    ...[null, [], [ec], 'key', 7, undefined, true].map((jwk) => [jwk, 'is not an object'] as const)
  ] as const) {
    t.equal(outcome(jwk), expected, JSON.stringify([jwk]).slice(0, 100))
  }
})

t.test('coordinates have one form: as many octets as the field, in canonical base64url', async (t) => {
  const x = String(ec['x'])
  const bad = [
    `${x}=`,
    `${x}\n`,
    ` ${x}`,
    x.slice(0, -1),
    x.slice(0, -2),
    `AA${x}`,
    '',
    7,
    null,
    [x],
    undefined,
    base64url(Buffer.concat([Buffer.alloc(1), bytesOf(x)])),
    base64url(bytesOf(x).subarray(1)),
    // The last character has four bits that count: another one with the same decodes to the same octets.
    x.slice(0, -1) + String.fromCharCode(x.charCodeAt(x.length - 1) + 1),
    bytesOf(x).toString('hex'),
    'é'.repeat(43)
  ]
  for (const value of bad) {
    t.match(outcome({ ...ec, x: value }), /^has an x that is not 32 bytes/, `x ${JSON.stringify(value)}`)
    t.match(outcome({ ...ec, y: value }), /^has a y that is not 32 bytes/, `y ${JSON.stringify(value)}`)
    t.match(outcome({ ...ed, x: value }), /^has an x that is not 32 bytes/, `Ed25519 ${JSON.stringify(value)}`)
  }
  const standard = Buffer.alloc(32, 0xfb).toString('base64').replace('=', '')
  t.match(outcome({ ...ed, x: standard }), /^has an x/, 'the other alphabet')
})

t.test('a point that is not on P-256 is no key', async (t) => {
  const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
  const at = (x: bigint, y: bigint) => ({ ...ec, x: field(x), y: field(y) })
  const [x, y] = [number(ec['x']), number(ec['y'])]
  t.equal(outcome(at(x, y)), 'ES256')
  t.equal(outcome(at(x, p - y)), 'ES256', 'its mirror image is another key')
  for (const [name, jwk] of [
    ['the next to it', at(x, y + 1n)],
    ['its coordinates the other way round', at(y, x)],
    ['zero', at(0n, 0n)],
    ['one', at(1n, 1n)],
    ['x at the prime', at(p, y)],
    ['y past the prime', at(x, p + 1n)],
    ['the largest', at(2n ** 256n - 1n, 2n ** 256n - 1n)]
  ] as const) {
    t.equal(outcome(jwk), OFF, name)
  }
})

t.test('a point that is not on Ed25519, or of small order, or written in another way, is no key', async (t) => {
  const p = 2n ** 255n - 19n
  const at = (y: bigint) => ({ ...ed, x: base64url(bytesOf(field(y)).reverse()) })
  const sign = 2n ** 255n
  // RFC 8032 section 5.1: the base point is 4/5.
  t.equal(outcome({ ...ed, x: hex('58' + '66'.repeat(31)) }), 'EdDSA', 'the base point')
  const order8 = ['26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05']
  order8.push('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')
  for (const [name, jwk] of [
    ['the neutral element', at(1n)],
    ['the neutral element with a sign', at(1n + sign)],
    ['of order 2', at(p - 1n)],
    ['of order 2 with a sign', at(p - 1n + sign)],
    ['of order 4', at(0n)],
    ['of order 4, negative', at(sign)],
    ...order8.flatMap((text) => {
      const y = BigInt(`0x${Buffer.from(text, 'hex').reverse().toString('hex')}`)
      return [['of order 8', at(y)] as const, ['of order 8, negative', at(y + sign)] as const]
    }),
    ['zero written as the prime', at(p)],
    ['one written past the prime', at(p + 1n)],
    ['the largest', at(2n ** 255n - 1n)],
    ['the largest with a sign', at(2n ** 256n - 1n)],
    ['2, which is no y of the curve', at(2n)]
  ] as const) {
    t.equal(outcome(jwk), OFF, name)
  }
})

t.test('an RSA key has a modulus of 2048 to 8192 bits and a sound exponent, each in one form', async (t) => {
  const key = { ...rsa, alg: 'RS256' }
  const n = number(rsa['n'])
  const small = jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)
  const odd = (bits: bigint) => uint(2n ** (bits - 1n) + 1n)
  for (const [jwk, expected] of [
    [{ ...small, alg: 'RS256' }, 'is of 1024 bits'],
    [{ ...key, n: odd(2047n) }, 'is of 2047 bits'],
    [{ ...key, n: odd(2048n) }, 'RS256'],
    [{ ...key, n: odd(8192n) }, 'RS256'],
    [{ ...key, n: odd(8193n) }, 'is of 8193 bits'],
    [{ ...key, n: odd(100_000n) }, NO_NUMBER],
    [{ ...key, n: uint(n + 1n) }, NO_SOUND],
    ...[1n, 2n, 3n, 17n, 65_536n, 65_535n, 2n ** 32n + 1n, 2n ** 64n + 1n].map(
      (e) => [{ ...key, e: uint(e) }, NO_SOUND] as const
    ),
    [{ ...key, e: uint(65_539n) }, 'RS256'],
    ...['', 'AA', 'AAEAAQ', 'AQAB=', 'AQAB ', 'AQAC\n', 65_537, null, undefined, ['AQAB'], 'AQA+'].map(
      (e) => [{ ...key, e }, NO_NUMBER] as const
    ),
    [{ ...key, n: base64url(Buffer.concat([Buffer.alloc(1), bytesOf(rsa['n'])])) }, NO_NUMBER],
    [{ ...key, n: `${String(rsa['n'])}==` }, NO_NUMBER],
    [{ ...key, n: undefined }, NO_NUMBER],
    [{ ...key, n: n.toString() }, NO_NUMBER]
  ] as const) {
    t.equal(
      outcome(jwk),
      expected,
      `${JSON.stringify({ n: '', ...jwk }).length} ${JSON.stringify({ e: '', ...jwk }.e ?? 'none')}`
    )
  }
})

t.test('of a set of keys each good one is used, and none whose kid another has as well', async (t) => {
  const at = (kid: string, more: Jwk = {}) => ({ ...ec, kid, ...more })
  const kids = (jwks: unknown, allowed: readonly JwsAlgorithm[] = ['ES256', 'EdDSA']) => [
    ...keysOfSet({ keys: jwks }, allowed).keys.keys()
  ]
  for (const [jwks, expected] of [
    [[], []],
    [
      [at('a'), { ...ed, kid: 'b' }],
      ['a', 'b']
    ],
    [
      [at('a'), { ...rsa, kid: 'b', alg: 'RS256' }, null, 7, 'x', [], {}, ec, at('c')],
      ['a', 'c']
    ],
    [[at('a'), at('b', { use: 'enc' }), at('c', { d: 'AQ' }), at('d', { y: ec['x'] })], ['a']],
    [[at('a'), at('a'), at('b')], ['b']],
    [[at('a'), { ...ed, kid: 'a' }, at('b')], ['b']],
    [[at('a'), at('a', { use: 'enc' }), at('b')], ['b']],
    [[at('a'), { kid: 'a' }, at('b')], ['b']],
    [[at('a'), { kid: 'a', kty: 'oct', k: 'AQ' }], []],
    [
      [at('__proto__'), at('constructor')],
      ['__proto__', 'constructor']
    ]
  ] as const) {
    t.strictSame(kids(jwks), expected, JSON.stringify(jwks).slice(0, 80))
  }
  t.strictSame(keysOfSet({ keys: [ec, at('a', { use: 'enc' })], x: 1 }, ['ES256']).leftOut, [
    'keys/0 has no kid',
    'keys/1 is not for signatures (use)'
  ])
  for (const bad of [null, [], 'keys', {}, { keys: null }, { keys: { 0: at('a') } }, { Keys: [] }]) {
    t.throws(() => keysOfSet(bad, ['ES256']), /no JWK Set/)
  }
  t.equal(kids(Array.from({ length: 100 }, (_, i) => at(`k${i}`))).length, 100)
  t.throws(() => kids(Array.from({ length: 101 }, (_, i) => at(`k${i}`))), /more than 100/)
})

function number(text: unknown): bigint {
  return BigInt(`0x${bytesOf(text).toString('hex')}`)
}
function field(value: bigint): string {
  return hex(value.toString(16).padStart(64, '0'))
}
