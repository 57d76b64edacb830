import t from 'tap'
import { createSeals, RootSecretMissing } from '../../src/domain/sealing.ts'
import { StartRefused } from '../../src/domain/start-refused.ts'

const older = 'an older root secret of 32 octets or more'
const newer = 'a newer root secret of 32 octets or more'
const plain = Buffer.from('a private key, say')

t.test('what was sealed opens again, as what it was sealed as', async (t) => {
  const seals = createSeals([newer])
  for (const each of [plain, Buffer.alloc(0), Buffer.alloc(1), Buffer.alloc(100_000, 7)]) {
    const sealed = seals.seal(each, 'sign ES256 1')
    t.ok(each.equals(seals.open(sealed, seals.newest, 'sign ES256 1')), `${each.length} octets`)
  }
  const sealed = seals.seal(plain, 'sign ES256 1')
  for (const context of ['sign ES256 2', 'sign EdDSA 1', 'refresh ES256 1', 'sign ES256 1 ', 'sign ES256 ', '']) {
    t.throws(() => seals.open(sealed, seals.newest, context), `not as ${context}`)
  }
})

t.test('the same thing is sealed differently each time, and nothing of it shows', async (t) => {
  const seals = createSeals([newer])
  const sealed = Array.from({ length: 100 }, () => Buffer.from(seals.seal(plain, 'x')))
  t.equal(new Set(sealed.map((each) => each.toString('hex'))).size, 100)
  t.equal(new Set(sealed.map((each) => each.toString('hex', 0, 12))).size, 100, 'no IV is used twice')
  t.notOk(sealed.some((each) => each.includes(plain)))
})

t.test('a change of any octet is found', async (t) => {
  const seals = createSeals([newer])
  const sealed = seals.seal(plain, 'x')
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8((sealed[at] ?? 0) ^ 1, at)
    t.throws(() => seals.open(changed, seals.newest, 'x'), `octet ${at}`)
  }
  for (let length = 0; length < sealed.length; length += 1) {
    t.throws(() => seals.open(sealed.subarray(0, length), seals.newest, 'x'), `the first ${length}`)
  }
  t.throws(() => seals.open(sealed.subarray(1), seals.newest, 'x'))
  t.throws(() => seals.open(Buffer.concat([sealed, Buffer.alloc(1)]), seals.newest, 'x'))
  const other = seals.seal(Buffer.from('another private'), 'x')
  t.throws(() => seals.open(Buffer.concat([sealed.subarray(0, 12), other.subarray(12)]), seals.newest, 'x'))
})

t.test('the newest root secret seals, and each that is listed opens', async (t) => {
  const before = createSeals([older])
  const rotated = createSeals([newer, older])
  const after = createSeals([newer])
  const [sealedBefore, sealedRotated] = [before.seal(plain, 'x'), rotated.seal(plain, 'x')]
  t.not(before.newest, rotated.newest)
  t.equal(rotated.newest, after.newest, 'a name stands for the secret, wherever it is listed')
  t.ok(plain.equals(rotated.open(sealedBefore, before.newest, 'x')))
  t.ok(plain.equals(rotated.open(sealedRotated, rotated.newest, 'x')))
  t.ok(plain.equals(after.open(sealedRotated, rotated.newest, 'x')))
  t.throws(() => after.open(sealedBefore, after.newest, 'x'), 'nothing opens under the name of another')
})

t.test('without its root secret nothing opens, and it is said why', async (t) => {
  const before = createSeals([older])
  const after = createSeals([newer])
  const sealed = before.seal(plain, 'x')
  for (const name of [before.newest, '', '__proto__', after.newest.toUpperCase() + ' ']) {
    t.throws(() => after.open(sealed, name, 'x'), new RootSecretMissing(), `sealed under ${name}`)
  }
  const refusal = new RootSecretMissing()
  t.ok(refusal instanceof StartRefused)
  t.match(refusal.message, /root secret/)
})

t.test('the name of a root secret tells nothing of it', async (t) => {
  const names = [older, newer, `${newer} `, 'x'.repeat(32), 'x'.repeat(33)].map(
    (secret) => createSeals([secret]).newest
  )
  t.equal(new Set(names).size, names.length)
  for (const name of names) t.match(name, /^[0-9a-f]{16}$/)
})
