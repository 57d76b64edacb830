import { createHash, createHmac } from 'node:crypto'
import t from 'tap'
import { makeDeviceToken, readDeviceToken } from '../../src/domain/device-token.ts'
import { hashOfResetToken, makeResetToken, RESET_TOKEN_SECONDS } from '../../src/domain/reset-token.ts'
import { readRefreshToken } from '../../src/domain/refresh-token.ts'
import { bytesOfUuid, isUuid, uuidOfBytes } from '../../src/domain/uuid-bytes.ts'
import { keys, outcome } from '../support/forge.ts'

const key = keys.currentMac('device')
const read = (text: string) => readDeviceToken(text, (kid) => keys.findMac('device', kid))
const device = { userId: '01890a5d-ac96-774b-bcce-b302099a8057', deviceId: '7f1c2a52-3b6e-4c55-9d0e-7d4a3e0b9f10' }
const token = makeDeviceToken(key, device)
const bytes = Buffer.from(token, 'base64url')
const spelled = (other: Uint8Array) => Buffer.from(other).toString('base64url')

t.test('a device token says which device of which user it is', async (t) => {
  t.strictSame(read(token), device)
  const swapped = { userId: device.deviceId, deviceId: device.userId }
  t.strictSame(read(makeDeviceToken(key, swapped)), swapped)
  t.not(makeDeviceToken(key, swapped), token)
  t.match(token, /^[\w-]{96}$/, 'in letters that a cookie takes')
  const signed = Buffer.from(`${key.kid}${device.userId}${device.deviceId}`.replaceAll('-', ''), 'hex')
  const mac = createHmac('sha256', key.secret).update('latchkey known device 1').update(signed).digest()
  t.equal(
    token,
    spelled(Buffer.concat([signed, mac])),
    'a fixed point: a change of the format would forget every device'
  )
})

t.test('a device token in which anything was changed is refused', async (t) => {
  const accepted: string[] = []
  for (let at = 0; at < bytes.length; at += 1) {
    for (const change of [1, 128, 255]) {
      const other = Buffer.from(bytes)
      other.writeUInt8((bytes[at] ?? 0) ^ change, at)
      if (read(spelled(other)) !== null) accepted.push(`octet ${at}`)
    }
    if (read(spelled(bytes.subarray(0, at))) !== null) accepted.push(`the first ${at}`)
  }
  for (let at = 0; at < token.length; at += 1) {
    for (const letter of ['A', '_', 'z', '=', '.', ' ', '']) {
      const other = token.slice(0, at) + letter + token.slice(at + 1)
      if (other !== token && read(other) !== null) accepted.push(`letter ${at}`)
    }
  }
  t.strictSame(accepted, [])
  for (const text of [
    '',
    `${token}=`,
    `${token}AAAA`,
    ` ${token}`,
    `"${token}"`,
    token + token,
    spelled(Buffer.alloc(72))
  ]) {
    t.equal(read(text), null, text)
  }
  t.equal(read(token.slice(0, 95) + '\ud800'), null)
})

t.test('the MAC of a device token is of a key of its own', async (t) => {
  const refresh = keys.currentMac('refresh')
  for (const [how, other] of [
    ['the key of refresh tokens', refresh],
    ['the key of refresh tokens under our kid', { ...refresh, kid: key.kid }],
    ['our key under another kid', { ...key, kid: refresh.kid }],
    ['an empty key', { kid: key.kid, secret: Buffer.alloc(0) }]
  ] as const) {
    t.equal(read(makeDeviceToken(other, device)), null, `not ${how}`)
  }
  t.equal(
    readDeviceToken(token, () => null),
    null
  )
  const signed = bytes.subarray(0, 40)
  for (const label of ['', 'latchkey refresh token 1']) {
    const mac = createHmac('sha256', key.secret).update(label).update(signed).digest()
    t.equal(read(spelled(Buffer.concat([signed, mac]))), null, `nor is one over ${label || 'the octets alone'}`)
  }
})

t.test('a device token is neither an access token nor a refresh token', async (t) => {
  t.equal(outcome(token), 'form invalid_token')
  for (const text of [token, `lkr_${token}`])
    t.equal(
      readRefreshToken(text, () => key),
      null
    )
})

t.test('a reset token cannot be guessed, is good for an hour, and only its hash is kept', async (t) => {
  const tokens = Array.from({ length: 100 }, makeResetToken)
  t.equal(new Set(tokens).size, 100)
  for (const each of tokens.slice(0, 10)) t.match(each, /^lkp_[\w-]{43}$/)
  t.ok(createHash('sha256').update('lkp_x').digest().equals(hashOfResetToken('lkp_x')))
  t.notOk(hashOfResetToken('lkp_x').equals(hashOfResetToken('lkp_x=')))
  t.equal(RESET_TOKEN_SECONDS, 3600)
})

t.test('a UUID and its 16 octets are one', async (t) => {
  for (const [uuid, hex] of [
    [device.userId, '01890a5dac96774bbcceb302099a8057'],
    ['00000000-0000-0000-0000-000000000000', '0'.repeat(32)],
    ['ffffffff-ffff-ffff-ffff-ffffffffffff', 'f'.repeat(32)]
  ] as const) {
    t.ok(isUuid(uuid))
    t.equal(bytesOfUuid(uuid).toString('hex'), hex)
    t.equal(bytesOfUuid(uuid.toUpperCase()).toString('hex'), hex)
    t.equal(uuidOfBytes(Buffer.from(hex, 'hex')), uuid)
  }
  for (const text of [
    '',
    'x',
    device.userId.slice(1),
    'x'.repeat(36),
    `${device.userId} `,
    `{${device.userId}}`,
    device.userId.replaceAll('-', '')
  ]) {
    t.notOk(isUuid(text), text)
    t.throws(() => bytesOfUuid(text), text)
  }
})
