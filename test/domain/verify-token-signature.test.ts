import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { createRevocationIndex } from '../../src/domain/revocation-index.ts'
import { eddsa, encode, es256, forge, forgers, hs256, judge, outcome } from '../support/forge.ts'

const BAD = 'signature invalid_token'
const partsOf = (token: string) => {
  const [header = '', payload = '', signature = ''] = token.split('.')
  return { input: `${header}.${payload}`, signature: Buffer.from(signature, 'base64url') }
}
/** The order of P-256 (SEC 2 section 2.4.2). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const number = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`)
const bytes32 = (value: bigint) => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')

for (const forger of forgers) {
  t.test(`each bit of an ${forger.algorithm} signature counts`, async (t) => {
    const { input, signature } = partsOf(forge(forger))
    const accepted: string[] = []
    for (let bit = 0; bit < signature.length * 8; bit += 1) {
      const other = Buffer.from(signature)
      other.writeUInt8((signature[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3)
      if (outcome(`${input}.${encode(other)}`) !== BAD) accepted.push(`bit ${bit}`)
    }
    t.strictSame(accepted, [])
    for (const [how, other] of [
      ['without its last octet', signature.subarray(0, -1)],
      ['without its first octet', signature.subarray(1)],
      ['with an octet more', Buffer.concat([signature, Buffer.alloc(1)])],
      ['with an octet before it', Buffer.concat([Buffer.alloc(1), signature])],
      ['twice', Buffer.concat([signature, signature])],
      ['backwards', Buffer.from(signature).reverse()],
      ['of one octet', signature.subarray(0, 1)],
      ['of NULs', Buffer.alloc(signature.length)],
      ['of ones', Buffer.alloc(signature.length, 255)],
      ['of 4096 octets', Buffer.alloc(4096, 7)]
    ] as const) {
      t.equal(outcome(`${input}.${encode(other)}`), BAD, `one ${how}`)
    }
  })

  t.test(`an ${forger.algorithm} signature is good for one header and payload`, async (t) => {
    const [one, other] = [forge(forger), forge(forger, { x: '1' }, { jti: '"token-2"' })]
    const [h1 = '', p1 = '', s1 = ''] = one.split('.')
    const [h2 = '', p2 = '', s2 = ''] = other.split('.')
    for (const parts of [
      [h1, p1, s2],
      [h1, p2, s1],
      [h1, p2, s2],
      [h2, p1, s1],
      [h2, p1, s2],
      [h2, p2, s1]
    ]) {
      t.equal(outcome(parts.join('.')), BAD)
    }
    for (const header of forgers) {
      const [head = ''] = forge(header).split('.')
      if (header !== forger) t.equal(outcome(`${head}.${p1}.${s1}`), BAD, `under the header of ${header.algorithm}`)
    }
  })
}

t.test('an ES256 signature is two numbers of 32 octets (RFC 7518 section 3.4)', async (t) => {
  const { input, signature } = partsOf(forge(es256))
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)]
  const [zero, one, order] = [bytes32(0n), bytes32(1n), bytes32(ORDER)]
  for (const [how, other] of [
    ['in DER', sign('sha256', Buffer.from(input), String(es256.privateKey))],
    ['of two zeros', Buffer.concat([zero, zero])],
    ['of r and zero', Buffer.concat([r, zero])],
    ['of zero and s', Buffer.concat([zero, s])],
    ['of one and one', Buffer.concat([one, one])],
    ['of the order twice', Buffer.concat([order, order])],
    ['of the order and s', Buffer.concat([order, s])],
    ['of r and the order', Buffer.concat([r, order])],
    ['the other way round', Buffer.concat([s, r])],
    ['of 48 octets each', Buffer.concat([Buffer.alloc(16), r, Buffer.alloc(16), s])],
    [
      'over another digest',
      sign('sha512', Buffer.from(input), { key: String(es256.privateKey), dsaEncoding: 'ieee-p1363' })
    ]
  ] as const) {
    t.equal(outcome(`${input}.${encode(other)}`), BAD, how)
  }
})

t.test('a signature on another curve is not good', async (t) => {
  const { input } = partsOf(forge(es256))
  for (const namedCurve of ['P-256', 'secp256k1', 'P-384', 'P-521']) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve })
    const other = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    t.equal(outcome(`${input}.${encode(other)}`), BAD, namedCurve)
  }
  const { input: edInput } = partsOf(forge(eddsa))
  for (const [name, { privateKey }] of [
    ['Ed25519', generateKeyPairSync('ed25519')],
    ['Ed448', generateKeyPairSync('ed448')]
  ] as const) {
    t.equal(outcome(`${edInput}.${encode(sign(null, Buffer.from(edInput), privateKey))}`), BAD, name)
  }
})

t.test('the twin of an ES256 signature gives no token that outlives the first', async (t) => {
  // Of r and s, r and n - s is as good: ECDSA is so, and RFC 7518 does not forbid it. What is revoked is the jti.
  const token = forge(es256)
  const { input, signature } = partsOf(token)
  const twin = `${input}.${encode(Buffer.concat([signature.subarray(0, 32), bytes32(ORDER - number(signature.subarray(32)))]))}`
  t.not(twin, token)
  t.strictSame(judge(twin), judge(token))
  const revocations = createRevocationIndex()
  revocations.apply({ kind: 'token', id: 'token-1', staleBelow: null, revokedBelow: null, until: Infinity })
  for (const each of [token, twin]) t.equal(outcome(each, revocations), 'revocation token_revoked, claims given')
})

t.test('the twin of an EdDSA signature is not good (RFC 8032 section 8.4)', async (t) => {
  const { input, signature } = partsOf(forge(eddsa))
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const s = number(Buffer.from(signature.subarray(32)).reverse()) + order
  const twin = Buffer.concat([signature.subarray(0, 32), bytes32(s).reverse()])
  t.equal(outcome(`${input}.${encode(twin)}`), BAD)
  const identity = Buffer.alloc(64)
  identity.writeUInt8(1, 0)
  t.equal(outcome(`${input}.${encode(identity)}`), BAD, 'nor is one of the identity')
})

t.test('an HS256 signature is made with the key as it is', async (t) => {
  const { input } = partsOf(forge(hs256))
  const secret = Buffer.from(hs256.privateKey)
  for (const [how, other] of [
    ['in hexadecimal', secret.toString('hex')],
    ['in base64url', secret.toString('base64url')],
    ['as text', secret.toString('latin1')],
    ['cut short', secret.subarray(0, 31)],
    ['with an octet more', Buffer.concat([secret, Buffer.from([1])])],
    ['empty', Buffer.alloc(0)]
  ] as const) {
    t.equal(outcome(`${input}.${createHmac('sha256', other).update(input).digest('base64url')}`), BAD, `not ${how}`)
  }
  t.equal(outcome(`${input}.${createHmac('sha512', secret).update(input).digest('base64url')}`), BAD, 'not by SHA-512')
})
