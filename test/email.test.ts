import t from 'tap'
import { emailPrefixKey, parseEmail } from '../src/domain/email.ts'

const keyOf = (email: string) => {
  const parsed = parseEmail(email)
  return 'wrong' in parsed ? null : parsed.emailKey
}
const label63 = 'a'.repeat(63)
const local64 = 'l'.repeat(64)
/** 64 + 1 + 189 octets. */
const email254 = `${local64}@${label63}.${label63}.${'b'.repeat(61)}`

t.test('an address is kept as given and compared by its key', async (t) => {
  for (const [email, emailKey] of [
    ['ada@example.com', 'ada@example.com'],
    ['Ada.Lovelace+api@Example.COM', 'ada.lovelace+api@example.com'],
    ['a@localhost', 'a@localhost'],
    ["o'brien_1@a-b.example", "o'brien_1@a-b.example"],
    ['!#$%&*/=?^`{|}~-@example.com', '!#$%&*/=?^`{|}~-@example.com'],
    ['ÜNAL@example.com', 'ünal@example.com'],
    ['straße@straße.example', 'straße@xn--strae-oqa.example'],
    ['a@MÜNCHEN.example', 'a@xn--mnchen-3ya.example'],
    ['用户@例え.example', '用户@xn--r8jz45g.example'],
    ['a@4.example', 'a@4.example'],
    ['İ@example.com', 'i\u0307@example.com'],
    [email254, email254]
  ] as const) {
    t.strictSame(parseEmail(email), { email, emailKey }, email)
  }
})

t.test('spellings of one address meet', async (t) => {
  for (const [one, other] of [
    ['ADA@EXAMPLE.COM', 'ada@example.com'],
    ['ünal@example.com', 'u\u0308nal@example.com'],
    ['Ünal@example.com', 'U\u0308NAL@example.com'],
    ['\u212aarl@example.com', 'karl@example.com'],
    ['\u212bsa@example.com', 'åsa@example.com'],
    ['a@ＭＩＸＥＤ.example', 'a@mixed.example'],
    ['a@mixed。example', 'a@mixed.example'],
    ['a@münchen.example', 'a@XN--MNCHEN-3YA.example'],
    ['a@mu\u0308nchen.example', 'a@münchen.example'],
    ['a@STRAẞE.example', 'a@straße.example'],
    ['ΝΙΚΟΣ.Α@example.com', 'νικος.α@example.com'],
    ['ΝΙΚΟΣ@example.com', 'νικος@example.com']
  ] as const) {
    t.not(keyOf(one), null, one)
    t.equal(keyOf(one), keyOf(other), `${one} is ${other}`)
  }
})

t.test('addresses that differ stay apart', async (t) => {
  for (const [one, other] of [
    ['a.b@example.com', 'ab@example.com'],
    ['a+b@example.com', 'a@example.com'],
    ['strasse@example.com', 'straße@example.com'],
    ['a@strasse.example', 'a@straße.example'],
    ['a@νικος.example', 'a@νικοσ.example'],
    ['ａ@example.com', 'a@example.com'],
    ['а@example.com', 'a@example.com'],
    ['ı@example.com', 'i@example.com'],
    ['a@example.com', 'a@www.example.com']
  ] as const) {
    t.not(keyOf(one), null, one)
    t.not(keyOf(other), null, other)
    t.not(keyOf(one), keyOf(other), `${one} is not ${other}`)
  }
})

t.test('what is no address is refused, in words that do not repeat it', async (t) => {
  const unseen = /white space/
  const oneAt = /one @/
  const host = /host after the @/
  const name = /name before the @/
  const local = /64 octets before the @/
  const long = /254 octets$/
  for (const [email, why] of [
    ['', oneAt],
    ['zebra', oneAt],
    ['zebra＠example.com', oneAt],
    ['ze@bra@example.com', oneAt],
    ['@example.com', name],
    ['zebra@', host],
    ['@', host],
    ['ze bra@example.com', unseen],
    ['zebra@example.com\n', unseen],
    ['ze\u00a0bra@example.com', unseen],
    ['ze\tbra@example.com', unseen],
    ['ze\0bra@example.com', unseen],
    ['ze\u007fbra@example.com', unseen],
    ['ze\u200bbra@example.com', unseen],
    ['ze\u00adbra@example.com', unseen],
    ['ze\u202ebra@example.com', unseen],
    ['ze\u3164bra@example.com', unseen],
    ['ze\ufe0fbra@example.com', unseen],
    ['zebra@exa\u200dmple.com', unseen],
    ['ze\ud800bra@example.com', unseen],
    ['zebra@\udc00.com', unseen],
    ['ze\ue000bra@example.com', unseen],
    ['ze\u0378bra@example.com', unseen],
    ['"zebra"@example.com', name],
    ['"ze@bra"@example.com', oneAt],
    ['Zebra<zebra@example.com', name],
    ['ze,bra@example.com', name],
    ['ze\\bra@example.com', name],
    ['ze(bra)@example.com', name],
    ['ze\u037ebra@example.com', name],
    ['ze<\u0338bra@example.com', name],
    ['.zebra@example.com', name],
    ['zebra.@example.com', name],
    ['ze..bra@example.com', name],
    [`${local64}l@example.com`, local],
    [`${'u\u0308'.repeat(22)}@example.com`, local],
    [`${'ü'.repeat(33)}@example.com`, local],
    [`${'Ⱥ'.repeat(22)}@example.com`, local],
    [`${email254}b`, long],
    [`a@${'ａ'.repeat(63)}.${'ａ'.repeat(30)}`, long],
    [`a@${'ü.'.repeat(60)}de`, long],
    ['a@.example.com', host],
    ['a@example.com.', host],
    ['a@exa..mple.com', host],
    ['a@-example.com', host],
    ['a@example-.com', host],
    [`a@${label63}a.com`, host],
    [`a@${'ü'.repeat(60)}.com`, host],
    ['a@ex%41mple.com', host],
    ['a@ex％41mple.com', host],
    ['a@ü%41mple.com', host],
    ['a@exa_mple.com', host],
    ['a@example.com:25', host],
    ['a@example.com/zebra', host],
    ['a@℀.com', host],
    ['a@[127.0.0.1]', host],
    ['a@127.0.0.1', host],
    ['a@127.1', host],
    ['a@2130706433', host],
    ['a@0x7f.0x1', host],
    ['a@１２７.１', host],
    ['a@xn--a.com', host],
    ['a@xn--zebra-.com', host]
  ] as const) {
    const parsed = parseEmail(email)
    const wrong = 'wrong' in parsed ? parsed.wrong : 'nothing'
    t.match(wrong, why, JSON.stringify(email))
    t.notMatch(wrong, /zebra/, `${JSON.stringify(email)} is not repeated`)
  }
})

t.test('the key of a key is that key, and nothing makes it throw', async (t) => {
  const pieces = [
    'a',
    'Z',
    '.',
    '-',
    '@',
    '@',
    'xn--',
    '1',
    '%41',
    'Ü',
    'u\u0308',
    'ß',
    'ẞ',
    'Σ',
    'ς',
    'İ',
    '\u212a',
    'Ⱥ'
  ]
  pieces.push(
    '。',
    'Ａ',
    '\u037e',
    '\u0345',
    'ﬀ',
    'ǅ',
    '\u1fbc',
    '例',
    '\u{1f600}',
    '\ud800',
    '\0',
    ' ',
    '"',
    '\u0338',
    '='
  )
  let seed = 20_231_125
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  const word = () => Array.from({ length: 1 + random(6) }, () => pieces[random(pieces.length)]).join('')
  let accepted = 0
  const broken: string[] = []
  for (let round = 0; round < 20_000; round += 1) {
    const email = `${word()}@${word()}`
    emailPrefixKey(email)
    const key = keyOf(email)
    if (key === null) continue
    accepted += 1
    if (keyOf(key) !== key || !key.startsWith(emailPrefixKey(email))) broken.push(email)
  }
  t.ok(accepted > 1000, `${accepted} of 20000 random addresses were accepted`)
  t.strictSame(broken, [])
})

t.test('a search by the beginning finds the address in any case', async (t) => {
  for (const [beginning, email] of [
    ['', 'ada@example.com'],
    ['AD', 'ada@example.com'],
    ['Ü', 'ünal@example.com'],
    ['ΝΙΚΟΣ', 'νικοσαδα@example.com'],
    ['νικος', 'ΝΙΚΟΣΑΔΑ@example.com'],
    ['Ada@', 'ada@example.com'],
    ['ada@EX', 'ada@example.com'],
    ['ada@1', 'ada@127.example'],
    ['ada@MÜNCHEN.', 'ada@münchen.example'],
    ['ada@münchen.Ex', 'ada@münchen.example'],
    ['ada@xn--mn', 'ada@münchen.example'],
    ['ada@ｅｘ', 'ada@example.com']
  ] as const) {
    t.ok(keyOf(email)?.startsWith(emailPrefixKey(beginning)), `${beginning} begins ${email}`)
  }
})

t.test('a search by the beginning is literal', async (t) => {
  for (const [beginning, key] of [
    ['a%', 'a%'],
    ['a_', 'a_'],
    ['a.b', 'a.b'],
    ['ada@ex%41', 'ada@ex%41'],
    ['ada@Ü%41', 'ada@ü%41'],
    ['ada@127.1', 'ada@127.1'],
    ['ada@b@C', 'ada@b@c'],
    ['@', '@']
  ] as const) {
    t.equal(emailPrefixKey(beginning), key, beginning)
  }
})
