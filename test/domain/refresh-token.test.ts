import { createHash, createHmac, randomBytes } from 'node:crypto'
import t from 'tap'
import { parseToken } from '../../src/domain/access-token.ts'
import type { MacKey } from '../../src/domain/key-ring.ts'
import { makeRefreshToken, readRefreshToken, SEED_BYTES } from '../../src/domain/refresh-token.ts'
import { keys, outcome } from '../support/forge.ts'
import { storedKey } from '../support/key-rows.ts'

const key = keys.currentMac('refresh')
const findKey = (kid: string) => keys.findMac('refresh', kid)
const sessionId = '01890a5d-ac96-774b-bcce-b302099a8057'
const seed = Buffer.from(Array.from({ length: SEED_BYTES }, (_, n) => 255 - n))
const token = makeRefreshToken(key, sessionId, seed, 7)
const bytes = Buffer.from(token.slice(4), 'base64url')
const spelled = (other: Uint8Array) => `lkr_${Buffer.from(other).toString('base64url')}`
const read = (text: string) => readRefreshToken(text, findKey)

/** What PostgreSQL makes of `sha256(seed || int4send(counter))`: int4send is four octets, the first the highest. */
function proofByDatabase(counter: number): Buffer {
  const int4 = Buffer.from([counter >> 24, counter >> 16, counter >> 8, counter].map((octet) => octet & 255))
  return createHash('sha256')
    .update(Buffer.concat([seed, int4]))
    .digest()
}

t.test('a refresh token says which session it is of and which turn it is, and proves it', async (t) => {
  for (const counter of [0, 1, 7, 255, 256, 65_536, 16_777_216, 2_147_483_646, 2_147_483_647]) {
    t.strictSame(
      read(makeRefreshToken(key, sessionId, seed, counter)),
      { kid: key.kid, sessionId, counter, proof: proofByDatabase(counter) },
      `turn ${counter}`
    )
  }
  t.equal(token, makeRefreshToken(key, sessionId.toUpperCase(), seed, 7), 'the same again for the same turn')
  t.not(token, makeRefreshToken(key, sessionId, seed, 8))
  t.not(token, makeRefreshToken(key, sessionId, randomBytes(SEED_BYTES), 7))
})

t.test('a refresh token has known contents and no others', async (t) => {
  // A fixed point: a change of the format would sign everybody out. Computed here from the description alone.
  const fixed: MacKey = { kid: '0123456789abcdef', secret: Buffer.alloc(32, 1) }
  const signed = Buffer.concat([
    Buffer.from('0123456789abcdef' + sessionId.replaceAll('-', '') + '00000007', 'hex'),
    proofByDatabase(7)
  ])
  const mac = createHmac('sha256', fixed.secret).update('latchkey refresh token 1').update(signed).digest()
  t.equal(makeRefreshToken(fixed, sessionId, seed, 7), spelled(Buffer.concat([signed, mac])))
  t.notOk(bytes.includes(seed), 'not the seed')
  t.notOk(bytes.includes(key.secret), 'not the key')
})

t.test('a counter that the database would write otherwise makes no good token', async (t) => {
  t.equal(read(makeRefreshToken(key, sessionId, seed, 2_147_483_648)), null)
  t.equal(read(makeRefreshToken(key, sessionId, seed, 4_294_967_295)), null)
  for (const counter of [-1, 4_294_967_296, Infinity, -Infinity]) {
    t.throws(() => makeRefreshToken(key, sessionId, seed, counter), { name: 'RangeError' }, String(counter))
  }
})

t.test('a refresh token in which one octet or letter was changed is refused', async (t) => {
  const accepted: string[] = []
  for (let at = 0; at < bytes.length; at += 1) {
    for (const change of [1, 128, 255]) {
      const other = Buffer.from(bytes)
      other.writeUInt8((bytes[at] ?? 0) ^ change, at)
      if (read(spelled(other)) !== null) accepted.push(`octet ${at}`)
    }
  }
  for (let at = 0; at < token.length; at += 1) {
    for (const letter of ['A', '_', 'z', '=', '.', ' ', 'é', '']) {
      const other = token.slice(0, at) + letter + token.slice(at + 1)
      if (other !== token && read(other) !== null) accepted.push(`letter ${at}`)
    }
    if (read(token.slice(0, at)) !== null) accepted.push(`the first ${at}`)
    if (at > 0 && read(token.slice(at)) !== null) accepted.push(`without the first ${at}`)
  }
  t.strictSame(accepted, [])
  t.not(read(token), null)
})

t.test('a refresh token is spelled in one way', async (t) => {
  const body = token.slice(4)
  for (const [how, text] of [
    ['empty', ''],
    ['its prefix', 'lkr_'],
    ['without its prefix', body],
    ['with the prefix of a reset token', `lkp_${body}`],
    ['with the prefix in capitals', `LKR_${body}`],
    ['with the prefix twice', `lkr_lkr_${body}`],
    ['with padding', `${token}=`],
    ['with more padding', `${token}==`],
    ['in base64', spelled(bytes).replaceAll('-', '+').replaceAll('_', '/').replace('lkr/', 'lkr_') + '='],
    ['in hexadecimal', `lkr_${bytes.toString('hex')}`],
    ['before a line break', `${token}\n`],
    ['after a space', ` ${token}`],
    ['before a NUL', `${token}\0`],
    ['twice', token + token],
    ['with an octet more', spelled(Buffer.concat([bytes, Buffer.alloc(1)]))],
    ['with an octet less', spelled(bytes.subarray(0, -1))],
    ['of NULs', spelled(Buffer.alloc(bytes.length))],
    ['a million letters', `lkr_${'A'.repeat(1e6)}`],
    ['half a pair', 'lkr_\ud800']
  ] as const) {
    t.equal(read(text), null, how)
  }
  // 92 octets leave two bits to spare in the last letter.
  const lasts = Array.from(
    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
    (last) => token.slice(0, -1) + last
  )
  const same = lasts.filter((text) => Buffer.from(text.slice(4), 'base64url').equals(bytes))
  t.equal(same.length, 4, 'four last letters decode alike')
  t.strictSame(
    same.filter((text) => read(text) !== null),
    [token],
    'and one of them is taken'
  )
})

t.test('the MAC is of a key of its own', async (t) => {
  const device = keys.currentMac('device')
  const stored = storedKey('refresh', 'HS256', { generation: 2 })
  const unknown: MacKey = { kid: stored.kid, secret: Buffer.from(stored.privateKey) }
  for (const [how, other] of [
    ['a key that is not there', unknown],
    ['another key under the kid of ours', { ...unknown, kid: key.kid }],
    ['the key of device tokens', device],
    ['the key of device tokens under our kid', { ...device, kid: key.kid }],
    ['our key under another kid', { ...key, kid: device.kid }],
    ['an empty key', { kid: key.kid, secret: Buffer.alloc(0) }]
  ] as const) {
    t.equal(read(makeRefreshToken(other, sessionId, seed, 7)), null, `not ${how}`)
  }
  t.equal(
    readRefreshToken(token, () => null),
    null
  )
  const signed = bytes.subarray(0, -32)
  const bare = createHmac('sha256', key.secret).update(signed).digest()
  t.equal(read(spelled(Buffer.concat([signed, bare]))), null, 'and a MAC of the key over the same octets alone is none')
})

t.test('a refresh token cannot be taken for an access token, nor the other way round', async (t) => {
  const tokens = Array.from({ length: 200 }, (_, turn) =>
    makeRefreshToken(key, sessionId, randomBytes(SEED_BYTES), turn)
  )
  t.strictSame(
    tokens.filter((each) => !/^lkr_[\w-]{123}$/.test(each)),
    []
  )
  t.equal(token.includes('.'), false)
  t.equal(parseToken(token), null)
  t.equal(outcome(token), 'form invalid_token')
  t.equal(read('eyJhbGciOiJFUzI1NiJ9.e30.AAAA'), null)
})
