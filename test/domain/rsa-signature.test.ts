import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  privateEncrypt,
  sign,
  type SignKeyObjectInput
} from 'node:crypto'
import t from 'tap'
import { importJwk } from '../../src/domain/jwk.ts'
import { verificationKey } from '../../src/domain/verification-key.ts'
import { makeIssuerKey, tokenOf } from '../support/issuer.ts'

const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING, RSA_NO_PADDING } = constants
const issuer = { url: 'https://idp.example' }
const keys = {
  RS256: makeIssuerKey('a', 'RS256'),
  PS256: makeIssuerKey('a', 'PS256')
}

for (const algorithm of ['RS256', 'PS256'] as const) {
  const key = keys[algorithm]
  const { privateKey } = key
  const imported = importJwk(key.jwk, [algorithm])
  if ('wrong' in imported) throw new Error(imported.wrong)
  const verifier = verificationKey('a', algorithm, imported.publicPem)
  const token = tokenOf(issuer, key)
  const input = token.slice(0, token.lastIndexOf('.'))
  const signature = Buffer.from(token.slice(input.length + 1), 'base64url')
  const isGood = (other: Buffer) => verifier.signed(`${input}.${other.toString('base64url')}`)
  const made = (digest: string, options: Omit<SignKeyObjectInput, 'key'>, by = privateKey) =>
    sign(digest, Buffer.from(input), { key: by, ...options })
  const pss = (digest: string, saltLength: number) => made(digest, { padding: RSA_PKCS1_PSS_PADDING, saltLength })

  t.test(`an ${algorithm} signature has its padding, its digest and its length`, async (t) => {
    t.ok(isGood(signature))
    const modulus = Buffer.from(String(createPublicKey(privateKey).export({ format: 'jwk' }).n), 'base64url')
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const padding = algorithm === 'RS256' ? RSA_PKCS1_PADDING : RSA_PKCS1_PSS_PADDING
    const right = { padding, ...(algorithm === 'PS256' && { saltLength: 32 }) }
    t.ok(isGood(made('sha256', right)), 'one made here is good')
    for (const [how, wrong] of [
      ['by another key', made('sha256', right, other)],
      ['over SHA-1', made('sha1', { ...right, ...(algorithm === 'PS256' && { saltLength: 20 }) })],
      ['over SHA-384', made('sha384', right)],
      ['over SHA-512', made('sha512', right)],
      [
        'with the padding of the other',
        algorithm === 'RS256' ? pss('sha256', 32) : made('sha256', { padding: RSA_PKCS1_PADDING })
      ],
      ['of the text itself, unhashed', privateEncrypt(privateKey, Buffer.from(input.slice(0, 200)))],
      [
        'of numbers without a padding',
        privateEncrypt({ key: privateKey, padding: RSA_NO_PADDING }, Buffer.alloc(256, 1))
      ],
      ['without its first octet', signature.subarray(1)],
      ['without its last octet', signature.subarray(0, -1)],
      ['with a zero before it', Buffer.concat([Buffer.alloc(1), signature])],
      ['with a zero after it', Buffer.concat([signature, Buffer.alloc(1)])],
      ['that is larger by the modulus', sum(signature, modulus)],
      ['of zero', Buffer.alloc(256)],
      ['of one', Buffer.concat([Buffer.alloc(255), Buffer.from([1])])],
      ['of the modulus', modulus],
      ['of one octet', Buffer.from([1])],
      ['of 4096 octets', Buffer.alloc(4096, 1)]
    ] as const) {
      t.notOk(isGood(wrong), how)
    }
    const accepted = [...Array(2048).keys()].filter((bit) => {
      const flipped = Buffer.from(signature)
      flipped.writeUInt8((flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3)
      return isGood(flipped)
    })
    t.strictSame(accepted, [], 'nor with any bit changed')
    const [, payload = ''] = input.split('.')
    for (const alg of [
      'none',
      'HS256',
      algorithm === 'RS256' ? 'PS256' : 'RS256',
      'RS512',
      'ES256',
      algorithm.toLowerCase()
    ]) {
      const head = Buffer.from(JSON.stringify({ alg, kid: 'a', typ: 'at+jwt' })).toString('base64url')
      const signed = sign('sha256', Buffer.from(`${head}.${payload}`), { key: privateKey, ...right })
      t.notOk(verifier.signed(`${head}.${payload}.${signed.toString('base64url')}`), `under the name ${alg}`)
    }
  })
}

t.test('a PS256 salt is as long as its digest (RFC 7518 section 3.5)', async (t) => {
  const { privateKey, jwk } = keys.PS256
  const imported = importJwk(jwk, ['PS256'])
  if ('wrong' in imported) throw new Error(imported.wrong)
  const verifier = verificationKey('a', 'PS256', imported.publicPem)
  const token = tokenOf(issuer, keys.PS256)
  const input = token.slice(0, token.lastIndexOf('.'))
  for (const [saltLength, good] of [
    [32, true],
    [0, false],
    [20, false],
    [31, false],
    [33, false],
    [64, false],
    [222, false]
  ] as const) {
    const made = sign('sha256', Buffer.from(input), { key: privateKey, padding: RSA_PKCS1_PSS_PADDING, saltLength })
    t.equal(verifier.signed(`${input}.${made.toString('base64url')}`), good, `${saltLength} octets`)
  }
})

/** The same number modulo the modulus, where that has room; else one that is as wrong. */
function sum(a: Buffer, b: Buffer): Buffer {
  const total = BigInt(`0x${a.toString('hex')}`) + BigInt(`0x${b.toString('hex')}`)
  const digits = total.toString(16)
  return Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')
}
