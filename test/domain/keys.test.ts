import { createHmac, createPublicKey, verify } from 'node:crypto'
import t from 'tap'
import { SIGNING_ALGORITHMS } from '../../src/domain/access-token.ts'
import { createKeyRing } from '../../src/domain/key-ring.ts'
import { isSigningAlgorithm, makeKey, openKey, resealKey, type NewKey } from '../../src/domain/keys.ts'
import { createSeals, RootSecretMissing } from '../../src/domain/sealing.ts'
import { forge, makeForger, signatureOf } from '../support/forge.ts'
import { at, seals, storedKey } from '../support/key-rows.ts'

const macs = [storedKey('refresh', 'HS256'), storedKey('device', 'HS256')]

t.test('a key is made of its algorithm, and what is published of it is public', async (t) => {
  for (const [algorithm, members] of [
    ['ES256', { kty: 'EC', crv: 'P-256', x: /^[\w-]{43}$/, y: /^[\w-]{43}$/ }],
    ['EdDSA', { kty: 'OKP', crv: 'Ed25519', x: /^[\w-]{43}$/ }]
  ] as const) {
    const { stored, privateKey } = makeForger(algorithm)
    t.match(stored, { purpose: 'sign', algorithm, generation: 1, sealedUnder: seals.newest, kid: /^[0-9a-f]{16}$/ })
    t.match(stored.publicJwk, members)
    t.strictSame(Object.keys(stored.publicJwk ?? {}).sort(), Object.keys(members).sort(), 'and no member more, no d')
    t.match(privateKey, /^-----BEGIN PRIVATE KEY-----/)
    const published = createPublicKey({ key: { ...stored.publicJwk }, format: 'jwk' })
    t.ok(published.equals(createPublicKey(privateKey)), 'it is the public half of what was sealed')
    const signature = signatureOf({ algorithm, privateKey }, 'x')
    const digest = algorithm === 'ES256' ? 'sha256' : null
    t.ok(verify(digest, Buffer.from('x'), { key: published, dsaEncoding: 'ieee-p1363' }, signature))
  }
  const { stored, privateKey } = makeForger('HS256')
  t.equal(stored.publicJwk, null, 'nothing is published of a symmetric key')
  t.ok(Buffer.isBuffer(privateKey) && privateKey.length === 32, 'which is as long as the hash')
})

t.test('no two keys are alike', async (t) => {
  for (const algorithm of SIGNING_ALGORITHMS) {
    const made = Array.from({ length: 5 }, () => makeForger(algorithm))
    t.equal(new Set(made.map(({ stored }) => stored.kid)).size, 5)
    t.equal(new Set(made.map(({ privateKey }) => privateKey.toString())).size, 5)
  }
})

t.test('a stored key opens as what it is and as nothing else', async (t) => {
  for (const algorithm of SIGNING_ALGORITHMS) {
    const stored = makeKey('sign', algorithm, seals)
    t.doesNotThrow(() => openKey(stored, seals))
    const other = SIGNING_ALGORITHMS.find((each) => each !== algorithm) ?? algorithm
    for (const [how, moved] of [
      ['under another kid', { kid: makeKey('sign', algorithm, seals).kid }],
      ['for another purpose', { purpose: 'refresh' }],
      ['for another algorithm', { algorithm: other }],
      ['with the sealed part of another', { sealed: makeKey('sign', algorithm, seals).sealed }],
      ['cut short', { sealed: stored.sealed.subarray(0, 5) }],
      ['of nothing', { sealed: new Uint8Array() }],
      ['with another public part', { publicJwk: makeKey('sign', 'EdDSA', seals).publicJwk }],
      ['with a member more in its public part', { publicJwk: { ...stored.publicJwk, use: 'enc' } }],
      ...(algorithm === 'HS256' ? [] : [['without its public part', { publicJwk: null }] as const])
    ] as const) {
      const key: NewKey = { ...stored, ...moved }
      t.throws(() => openKey(key, seals), { message: new RegExp(key.kid) }, `not ${how}, and the error names it`)
    }
    const strangers = createSeals(['another root secret that is as long'])
    t.throws(() => openKey(stored, strangers), new RootSecretMissing())
  }
  const refresh = makeKey('refresh', 'HS256', seals)
  for (const purpose of ['sign', 'csrf', 'device'] as const) t.throws(() => openKey({ ...refresh, purpose }, seals))
})

t.test('the current key signs, whatever its algorithm, and all of them verify', async (t) => {
  const earlier = { signsUntil: at(100), verifiesUntil: at(4000) }
  for (const algorithm of SIGNING_ALGORITHMS) {
    const current = makeForger(algorithm, { signsFrom: at(100) })
    const forgers = [
      ...SIGNING_ALGORITHMS.map((other) => makeForger(other, { publishedAt: at(20), signsFrom: null })),
      ...SIGNING_ALGORITHMS.map((other) => makeForger(other, earlier)),
      makeForger(algorithm, { ...earlier, signsFrom: at(50), revokedAt: at(60) }),
      current
    ]
    const stored = [...macs, ...forgers.map((forger) => forger.stored)]
    for (const order of [stored, [...stored].reverse()]) {
      const ring = createKeyRing(order)
      t.match(ring.signers[0], { kid: current.stored.kid, algorithm, privateKey: current.privateKey }, algorithm)
      t.strictSame(
        ring.signers.map((key) => key.algorithm === algorithm),
        [true, true, false, false],
        'the next ones stand by, that of the same algorithm first'
      )
      for (const forger of forgers) {
        const key = ring.find(forger.stored.kid)
        t.match(key, { kid: forger.stored.kid, algorithm: forger.algorithm })
        t.equal(key?.signed(forge(forger)), true)
        const others = forgers.filter((other) => other !== forger)
        t.notOk(
          others.some((other) => key?.signed(forge(other))),
          'what another signed is not its'
        )
      }
    }
    const ring = createKeyRing(stored)
    for (const kid of [makeForger('ES256').stored.kid, '', '__proto__', 'constructor', ...macs.map((mac) => mac.kid)]) {
      t.equal(ring.find(kid), null, `no key is found for ${kid}`)
    }
  }
})

t.test('published are the public keys of the current, the next and the earlier ones, and nothing else', async (t) => {
  const earlier = { signsUntil: at(100), verifiesUntil: at(4000) }
  const current = storedKey('sign', 'ES256', { publishedAt: at(50), signsFrom: at(100) })
  const next = storedKey('sign', 'ES256', { publishedAt: at(100), signsFrom: null })
  const spare = storedKey('sign', 'EdDSA', { signsFrom: null })
  const past = storedKey('sign', 'ES256', earlier)
  const secret = [
    storedKey('sign', 'HS256', earlier),
    storedKey('sign', 'HS256', { signsFrom: null }),
    storedKey('sign', 'ES256', { ...earlier, revokedAt: at(100) }),
    storedKey('sign', 'EdDSA', { signsFrom: null, revokedAt: at(100) })
  ]
  const { published } = createKeyRing([...macs, ...secret, past, spare, next, current])
  t.strictSame(
    published,
    [current, spare, next, past].map(({ kid, algorithm: alg, publicJwk }) => ({ ...publicJwk, kid, alg, use: 'sig' }))
  )
  t.notMatch(JSON.stringify(published), /"(d|k)":/)
})

t.test('whether a signature is good is answered for any text', async (t) => {
  for (const algorithm of SIGNING_ALGORITHMS) {
    const forger = makeForger(algorithm)
    const key = createKeyRing([...macs, forger.stored]).find(forger.stored.kid)
    for (const text of ['', '.', '..', 'a.b.c', '\0', '\ud800', 'x'.repeat(100_000), '{}', `${forge(forger)}.`]) {
      t.equal(key?.signed(text), false, JSON.stringify(text).slice(0, 20))
    }
  }
})

t.test('a key of one purpose is not found for another', async (t) => {
  const older = storedKey('refresh', 'HS256', { generation: 2 })
  const newer = storedKey('refresh', 'HS256', { generation: 11 })
  const device = storedKey('device', 'HS256')
  const csrf = storedKey('csrf', 'HS256', { generation: 3 })
  const signing = storedKey('sign', 'HS256', { generation: 20 })
  const ring = createKeyRing([older, device, csrf, newer, signing])
  t.match(ring.currentMac('refresh'), { kid: newer.kid, secret: openKey(newer, seals) })
  t.match(ring.currentMac('device'), { kid: device.kid, secret: openKey(device, seals) })
  for (const [purpose, kid, found] of [
    ['refresh', older.kid, true],
    ['refresh', newer.kid, true],
    ['refresh', device.kid, false],
    ['refresh', signing.kid, false],
    ['refresh', csrf.kid, false],
    ['refresh', '', false],
    ['refresh', '__proto__', false],
    ['device', device.kid, true],
    ['device', newer.kid, false],
    ['device', signing.kid, false]
  ] as const) {
    t.equal(ring.findMac(purpose, kid)?.kid, found ? kid : undefined, `${purpose} ${kid}`)
  }
  const secrets = [older, newer, device, csrf, signing].map((key) => openKey(key, seals).toString('hex'))
  t.equal(new Set(secrets).size, secrets.length)
  t.equal(
    ring
      .find(signing.kid)
      ?.signed(`a.b.${createHmac('sha256', openKey(device, seals)).update('a.b').digest('base64url')}`),
    false
  )
})

t.test('a ring without a key to sign with is none, and one without a key for other tokens says so', async (t) => {
  for (const signsFrom of [null, at(0)]) {
    const over = storedKey('sign', 'ES256', { signsFrom, revokedAt: at(1) })
    t.throws(() => createKeyRing([...macs, over]), { message: /no key to sign with/ })
  }
  for (const purpose of ['refresh', 'device'] as const) {
    const others = macs.filter((key) => key.purpose !== purpose)
    const ring = createKeyRing([...others, storedKey('sign', 'ES256')])
    t.throws(() => ring.currentMac(purpose), { message: new RegExp(purpose) })
  }
})

t.test('a key that is sealed anew is the same key, and opens under the newer root secret alone', async (t) => {
  const newer = 'another root secret that is as long'
  const both = createSeals([newer, 'the root secret of the tests, which is long enough'])
  for (const algorithm of SIGNING_ALGORITHMS) {
    const key = makeKey('sign', algorithm, seals)
    const anew = { ...key, ...resealKey(key, both) }
    t.equal(anew.sealedUnder, both.newest)
    t.strictSame(openKey(anew, createSeals([newer])), openKey(key, seals))
    t.throws(() => openKey(anew, seals), new RootSecretMissing())
    t.throws(() => resealKey(key, createSeals([newer])), new RootSecretMissing())
  }
})

t.test('the algorithms are three, spelled as in a token', async (t) => {
  for (const name of ['ES256', 'EdDSA', 'HS256']) t.ok(isSigningAlgorithm(name), name)
  for (const name of ['RS256', 'PS256', 'none', 'es256', 'ES384', '', '__proto__'])
    t.notOk(isSigningAlgorithm(name), name)
})
