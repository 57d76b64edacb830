import { createHmac, createPublicKey, verify } from 'node:crypto'
import t from 'tap'
import { SIGNING_ALGORITHMS } from '../../src/domain/access-token.ts'
import {
  createKeyRing,
  isSigningAlgorithm,
  makeKey,
  neededKeys,
  openKey,
  type StoredKey
} from '../../src/domain/keys.ts'
import { createSeals, RootSecretMissing } from '../../src/domain/sealing.ts'
import { forge, makeForger, seals, signatureOf } from '../support/forge.ts'

const macs = [makeKey('refresh', 'HS256', 1, seals), makeKey('device', 'HS256', 1, seals)]

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
    const signature = signatureOf({ algorithm, stored, privateKey }, 'x')
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
    const stored = makeKey('sign', algorithm, 1, seals)
    t.doesNotThrow(() => openKey(stored, seals))
    const other = SIGNING_ALGORITHMS.find((each) => each !== algorithm) ?? algorithm
    for (const [how, moved] of [
      ['under another kid', { kid: makeKey('sign', algorithm, 1, seals).kid }],
      ['for another purpose', { purpose: 'refresh' }],
      ['for another algorithm', { algorithm: other }],
      ['with the sealed part of another', { sealed: makeKey('sign', algorithm, 1, seals).sealed }],
      ['cut short', { sealed: stored.sealed.subarray(0, 5) }],
      ['of nothing', { sealed: new Uint8Array() }]
    ] as const) {
      const key: StoredKey = { ...stored, ...moved }
      t.throws(() => openKey(key, seals), { message: new RegExp(key.kid) }, `not ${how}, and the error names it`)
    }
    const strangers = createSeals(['another root secret that is as long'])
    t.throws(() => openKey(stored, strangers), new RootSecretMissing())
  }
  const refresh = makeKey('refresh', 'HS256', 1, seals)
  for (const purpose of ['sign', 'csrf', 'device'] as const) t.throws(() => openKey({ ...refresh, purpose }, seals))
})

t.test('the newest key of the configured algorithm signs, and all of them verify', async (t) => {
  const forgers = SIGNING_ALGORITHMS.flatMap((algorithm) =>
    [2, 11, 1].map((generation) => makeForger(algorithm, generation))
  )
  const stranger = makeForger('ES256')
  const stored = [...macs, ...forgers.map((forger) => forger.stored)]
  for (const algorithm of SIGNING_ALGORITHMS) {
    for (const order of [stored, [...stored].reverse()]) {
      const ring = createKeyRing(order, algorithm, seals)
      const newest = forgers.find((forger) => forger.algorithm === algorithm && forger.stored.generation === 11)
      t.match(ring.signing, { kid: newest?.stored.kid, algorithm, privateKey: newest?.privateKey }, algorithm)
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
  }
  const ring = createKeyRing(stored, 'ES256', seals)
  for (const kid of [stranger.stored.kid, '', '__proto__', 'constructor', ...macs.map((mac) => mac.kid)]) {
    t.equal(ring.find(kid), null, `no key is found for ${kid}`)
  }
})

t.test('whether a signature is good is answered for any text', async (t) => {
  for (const algorithm of SIGNING_ALGORITHMS) {
    const forger = makeForger(algorithm)
    const key = createKeyRing([...macs, forger.stored], algorithm, seals).find(forger.stored.kid)
    for (const text of ['', '.', '..', 'a.b.c', '\0', '\ud800', 'x'.repeat(100_000), '{}', `${forge(forger)}.`]) {
      t.equal(key?.signed(text), false, JSON.stringify(text).slice(0, 20))
    }
  }
})

t.test('a key of one purpose is not found for another', async (t) => {
  const older = makeKey('refresh', 'HS256', 1, seals)
  const newer = makeKey('refresh', 'HS256', 2, seals)
  const device = makeKey('device', 'HS256', 1, seals)
  const csrf = makeKey('csrf', 'HS256', 3, seals)
  const signing = makeKey('sign', 'HS256', 9, seals)
  const ring = createKeyRing([older, device, csrf, newer, signing], 'HS256', seals)
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

t.test('an installation that lacks a key is told which', async (t) => {
  for (const algorithm of SIGNING_ALGORITHMS) {
    const others = SIGNING_ALGORITHMS.filter((each) => each !== algorithm)
    const stored = [...macs, ...others.map((other) => makeKey('sign', other, 1, seals))]
    t.throws(() => createKeyRing(stored, algorithm, seals), { message: new RegExp(algorithm) })
    const needed = neededKeys(algorithm).map((key) => makeKey(key.purpose, key.algorithm, 1, seals))
    const ring = createKeyRing(needed, algorithm, seals)
    for (const purpose of ['refresh', 'device'] as const) {
      t.ok(ring.currentMac(purpose), `${purpose} is among what is needed`)
      const without = createKeyRing(
        needed.filter((key) => key.purpose !== purpose),
        algorithm,
        seals
      )
      t.throws(() => without.currentMac(purpose), { message: new RegExp(purpose) })
    }
  }
  const sealedElsewhere = makeKey('sign', 'ES256', 1, createSeals(['another root secret that is as long']))
  t.throws(() => createKeyRing([...macs, sealedElsewhere], 'ES256', seals), new RootSecretMissing())
})

t.test('the algorithms are three, spelled as in a token', async (t) => {
  for (const name of ['ES256', 'EdDSA', 'HS256']) t.ok(isSigningAlgorithm(name), name)
  for (const name of ['RS256', 'PS256', 'none', 'es256', 'ES384', '', '__proto__'])
    t.notOk(isSigningAlgorithm(name), name)
})
