import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { signInAdmin, startApp } from '../support/app.ts'
import { makeAssertionKey } from '../support/assertions.ts'
import { CLIENTS, makeClient, type ClientShape } from '../support/clients.ts'
import { outcome } from '../support/reading.ts'

const app = await startApp(t)
const { accessToken: token } = await signInAdmin(app)
const ec = makeAssertionKey('ES256').publicJwk
const ed = makeAssertionKey('EdDSA').publicJwk
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
const zeros = Buffer.alloc(32).toString('base64url')
const half = (text: unknown) => Buffer.from(String(text), 'base64url').subarray(1).toString('base64url')

const KIND = 'is not plainly a key for ES256 or EdDSA'
const REFUSED: readonly (readonly [what: string, jwk: object, why: string])[] = [
  ['a private key', pair.privateKey.export({ format: 'jwk' }), 'holds the private member d'],
  [
    'a private Ed25519 key',
    generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }),
    'holds the private member d'
  ],
  ['a symmetric key', { kty: 'oct', k: zeros }, 'holds the private member k'],
  ['an RSA key', rsa, KIND],
  ['an RSA key that says RS256', { ...rsa, alg: 'RS256' }, KIND],
  ['a key of P-384', p384, KIND],
  ['a key for agreement', x25519, KIND],
  ['another algorithm', { ...ec, alg: 'ES384' }, KIND],
  ['the algorithm of another kind', { ...ec, alg: 'EdDSA' }, KIND],
  ['an algorithm that is null', { ...ec, alg: null }, KIND],
  ['no kind', { ...ec, kty: undefined }, KIND],
  ['no curve', { ...ed, crv: undefined }, KIND],
  ['nothing', {}, KIND],
  ['a set of keys', { keys: [ec] }, KIND],
  ['a key for encryption', { ...ec, use: 'enc' }, 'is not for signatures (use)'],
  ['a key to sign with', { ...ec, key_ops: ['sign'] }, 'is not for verifying (key_ops)'],
  ['a key to encrypt with, too', { ...ec, key_ops: ['verify', 'encrypt'] }, 'is not for verifying (key_ops)'],
  ['operations that are a text', { ...ec, key_ops: 'verify' }, 'has a bad key_ops'],
  ['an operation twice', { ...ec, key_ops: ['verify', 'verify'] }, 'has a bad key_ops'],
  ['an empty kid', { ...ec, kid: '' }, 'has a kid that is not 1 to 256 characters'],
  ['a kid that is a number', { ...ec, kid: 1 }, 'has a kid that is not 1 to 256 characters'],
  ['a long kid', { ...ec, kid: 'x'.repeat(257) }, 'has a kid that is not 1 to 256 characters'],
  ['no x', { ...ec, x: undefined }, 'has an x that is not 32 bytes in base64url'],
  ['a short x', { ...ec, x: half(ec['x']) }, 'has an x that is not 32 bytes in base64url'],
  ['an x with padding', { ...ed, x: `${String(ed['x'])}=` }, 'has an x that is not 32 bytes in base64url'],
  ['no y', { ...ec, y: undefined }, 'has a y that is not 32 bytes in base64url'],
  ['a point off the curve', { ...ec, y: ec['x'] }, 'is not a sound point of its curve'],
  ['the point at infinity', { ...ec, x: zeros, y: zeros }, 'is not a sound point of its curve'],
  [
    'an Ed25519 point of small order',
    { ...ed, x: Buffer.from([1, ...Buffer.alloc(31)]).toString('base64url') },
    'is not a sound point of its curve'
  ]
]

t.test('a key that cannot be relied on is refused, and it is said why', async (t) => {
  const { id } = await makeClient(app, token, { public_jwk: ec })
  for (const [what, jwk, why] of REFUSED) {
    const made = await app.send('POST', CLIENTS, { token, body: { name: 'refused', permissions: [], public_jwk: jwk } })
    const changed = await app.send('PATCH', `${CLIENTS}/${id}`, { token, body: { public_jwk: jwk, name: 'never' } })
    for (const answer of [made, changed]) {
      t.equal(outcome(answer), '400 validation_failed', what)
      t.strictSame(answer.json<{ errors: unknown }>().errors, [{ pointer: '/public_jwk', message: why }], what)
    }
  }
  const { name, public_jwk: jwk } = (await app.send('GET', `${CLIENTS}/${id}`, { token })).json<ClientShape>()
  t.strictSame([name, jwk?.['x']], ['billing', ec['x']], 'and nothing else of such a change is done')
})

t.test('of a key nothing is kept but what makes it, its id and its algorithm', async (t) => {
  for (const [jwk, stored] of [
    [
      { ...ec, kid: 'a', x5c: ['MIIB'], x5u: 'https://evil.example', extra: { deep: true } },
      { ...ec, kid: 'a', alg: 'ES256' }
    ],
    [
      { ...ed, use: 'sig', alg: 'EdDSA', ext: true, key_ops: ['verify'] },
      { ...ed, alg: 'EdDSA' }
    ]
  ] as const) {
    const { id } = await makeClient(app, token, { public_jwk: jwk })
    const read = (await app.send('GET', `${CLIENTS}/${id}`, { token })).json<ClientShape>()
    t.strictSame(read.public_jwk, stored)
  }
})
