import t from 'tap'
import { MOST_TOKEN_BYTES } from '../../src/domain/access-token.ts'
import {
  encode,
  forge,
  forgers,
  headerOf,
  jsonOf,
  judge,
  outcome,
  signParts,
  signTexts,
  USER_CLAIMS,
  type Forger
} from '../support/forge.ts'

const REFUSED = 'form invalid_token'
/** The encoding has `-` and `_` in it, and bits to spare at the end: its length in octets is no multiple of 3. */
function withSpareBits(members: Readonly<Record<string, string | undefined>>): string {
  const texts = ['"~~~???>>>"', '"~~~???>>>."'].map((x) => jsonOf({ ...members, x }))
  return texts.find((text) => Buffer.byteLength(text) % 3 !== 0) ?? ''
}
/** Another last character, which differs from the right one in the bits to spare alone. */
function uncanonical(part: string): string {
  const others = Array.from(
    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
    (last) => part.slice(0, -1) + last
  )
  const bytes = Buffer.from(part, 'base64url')
  return others.find((other) => other !== part && Buffer.from(other, 'base64url').equals(bytes)) ?? ''
}

function spellingsOf(part: string): readonly (readonly [string, string])[] {
  return [
    ['that is empty', ''],
    ['with padding', part + '='],
    ['with more padding', part + '=='],
    ['with bits set that encode nothing', uncanonical(part)],
    ['in the alphabet of base64', part.replace('-', '+').replace('_', '/')],
    ['after a space', ' ' + part],
    ['before a space', part + ' '],
    ['before a line break', part + '\n'],
    ['before a tab', part + '\t'],
    ['before a NUL', part + '\0'],
    ['broken by a line break', `${part.slice(0, 5)}\r\n${part.slice(5)}`],
    ['with a letter of Unicode', part + 'é'],
    ['with a full-width letter', part + 'Ａ'],
    ['with something unseen', part + '\u200b'],
    ['with half a pair', part + '\ud800']
  ]
}

for (const forger of forgers) {
  t.test(`one ${forger.algorithm} token has one spelling`, async (t) => {
    const header = encode(withSpareBits(headerOf(forger)))
    const good = withBothLetters(forger, header)
    const [, payload = '', signature = ''] = good.split('.')
    t.equal(outcome(good), 'good')
    for (const part of [header, payload, signature]) t.match(part, /-.*_|_.*-/)
    t.equal(outcome(signParts(forger, header + 'A', payload)), REFUSED, 'a header with a letter too many')
    t.equal(outcome(signParts(forger, header, payload + 'A')), REFUSED, 'a payload with a letter too many')

    // Signed as it is spelled, so that nothing but its spelling is wrong.
    for (const [how, text] of spellingsOf(header)) {
      t.equal(outcome(signParts(forger, text, payload)), REFUSED, `a header ${how}`)
    }
    for (const [how, text] of spellingsOf(payload)) {
      t.equal(outcome(signParts(forger, header, text)), REFUSED, `a payload ${how}`)
    }
    for (const [how, text] of spellingsOf(signature)) {
      t.equal(outcome(`${header}.${payload}.${text}`), REFUSED, `a signature ${how}`)
    }
    for (const text of [
      '',
      '.',
      '..',
      '...',
      header,
      `${header}.${payload}`,
      `.${good}`,
      `${good}.`,
      `${good}.${signature}`,
      `${good}.${payload}.${signature}`,
      `${header}..${payload}.${signature}`,
      `${header}..${signature}`,
      `..${signature}`,
      `"${good}"`,
      `Bearer ${good}`,
      `${good},${good}`,
      jsonOf({ payload: `"${payload}"`, protected: `"${header}"`, signature: `"${signature}"` })
    ]) {
      t.equal(outcome(text), REFUSED, JSON.stringify(text).slice(0, 60))
    }
  })

  t.test(`header and payload of an ${forger.algorithm} token are JSON objects, each name once`, async (t) => {
    const header = jsonOf(headerOf(forger))
    const payload = jsonOf(USER_CLAIMS)
    for (const whole of ['', ' ', '[]', 'null', 'true', '1', '"x"', '{', '}', 'undefined', 'NaN']) {
      t.equal(outcome(signTexts(forger, whole, payload)), REFUSED, `the header ${whole}`)
      t.equal(outcome(signTexts(forger, header, whole)), REFUSED, `the payload ${whole}`)
    }
    for (const [how, change] of [
      ['in a list', (json: string) => `[${json}]`],
      ['in a string', (json: string) => JSON.stringify(json)],
      ['twice', (json: string) => json + json],
      ['cut short', (json: string) => json.slice(0, -1)],
      ['with a comma too many', (json: string) => json.replace(/}$/, ',}')],
      ['with a comment', (json: string) => json.replace(/}$/, '/**/}')],
      ['with single quotes', (json: string) => json.replaceAll('"', "'")],
      ['after a byte order mark', (json: string) => '\ufeff' + json],
      ['before a NUL', (json: string) => json + '\0'],
      ['before a no-break space', (json: string) => json + '\u00a0']
    ] as const) {
      t.equal(outcome(signTexts(forger, change(header), payload)), REFUSED, `a header ${how}`)
      t.equal(outcome(signTexts(forger, header, change(payload))), REFUSED, `a payload ${how}`)
    }

    for (const more of [
      '"x":1,"x":1',
      '"x":1,"y":2,"x":3',
      '"x":1,"\\u0078":1',
      '"\\u0078":1,"\\u0078":1',
      '"":1,"":2',
      '"__proto__":1,"__proto__":1',
      '"é":1,"\\u00e9":1',
      '"\\/":1,"/":1',
      '"x":{"y":1,"y":1}',
      '"x":[[{"y":{"z":1,"\\u007a":1}}]]',
      '"x":{"y":{},"z":[],"y":{}}'
    ]) {
      t.equal(outcome(signTexts(forger, header.replace(/}$/, `,${more}}`), payload)), REFUSED, `a header with ${more}`)
      t.equal(outcome(signTexts(forger, header, payload.replace(/}$/, `,${more}}`))), REFUSED, `a payload with ${more}`)
    }
    for (const name of ['alg', 'kid', 'typ']) {
      const again = header.replace(
        /^{/,
        `{"\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}":"x",`
      )
      t.equal(outcome(signTexts(forger, again, payload)), REFUSED, `a header with two ${name}`)
    }
    for (const name of ['iss', 'aud', 'sub', 'exp', 'jti', 'sid', 'roles']) {
      t.equal(outcome(signTexts(forger, header, payload.replace(/^{/, `{"${name}":"x",`))), REFUSED, `two ${name}`)
      t.equal(outcome(signTexts(forger, header, payload.replace(/}$/, `,"${name}":"x"}`))), REFUSED, `two ${name}`)
    }
  })

  t.test(`header and payload of an ${forger.algorithm} token are UTF-8`, async (t) => {
    const header = jsonOf(headerOf(forger))
    const payload = jsonOf(USER_CLAIMS)
    for (const bytes of ['ff', 'c3', 'c328', 'c0af', 'e080af', 'eda080', 'f4908080', '80', 'f8a1a1a1a1']) {
      const withBytes = (json: string) =>
        Buffer.concat([Buffer.from(json.replace(/}$/, ',"x":"')), Buffer.from(bytes, 'hex'), Buffer.from('"}')])
      t.equal(outcome(signTexts(forger, withBytes(header), payload)), REFUSED, `a header with ${bytes}`)
      t.equal(outcome(signTexts(forger, header, withBytes(payload))), REFUSED, `a payload with ${bytes}`)
    }
    t.equal(outcome(signTexts(forger, Buffer.from(header, 'utf16le'), payload)), REFUSED, 'a header in UTF-16')
    t.equal(outcome(signTexts(forger, header, Buffer.from(payload, 'utf16le'))), REFUSED, 'a payload in UTF-16')
    t.equal(outcome(forge(forger, { x: '"é例\u{1f600}"' }, { x: '"é例\u{1f600}"' })), 'good', 'what is UTF-8')
  })

  t.test(`an ${forger.algorithm} token has at most ${MOST_TOKEN_BYTES} octets`, async (t) => {
    t.equal(outcome(tokenOf(MOST_TOKEN_BYTES, forger)), 'good')
    t.equal(outcome(tokenOf(MOST_TOKEN_BYTES + 1, forger)), REFUSED)
    t.equal(outcome(forge(forger, {}, { x: `"${'x'.repeat(1e6)}"` })), REFUSED, 'a million')
    t.equal(outcome('.'.repeat(1e6)), REFUSED, 'a million dots')
    t.equal(outcome(`${'A'.repeat(1e6)}..`), REFUSED)
  })

  t.test(`what is nested deeply or unknown in an ${forger.algorithm} token does no harm`, async (t) => {
    const deep = '['.repeat(2000) + ']'.repeat(2000)
    t.equal(outcome(forge(forger, {}, { x: deep })), 'good')
    t.equal(outcome(forge(forger, {}, { x: deep.slice(1) })), REFUSED)
    const odd = { ['__proto__']: '{"sub":"eve"}', constructor: '{"x":1}', toString: 'null', hasOwnProperty: '1' }
    const verdict = judge(forge(forger, odd, odd))
    t.ok(verdict.good)
    t.equal(verdict.claims?.sub, 'ann')
  })
}

/** A token whose signature, too, has `-` and `_` in it. */
function withBothLetters(forger: Forger, header: string): string {
  for (let n = 1000; ; n += 1) {
    const token = signParts(forger, header, encode(withSpareBits({ ...USER_CLAIMS, n: String(n) })))
    if (['-', '_'].every((letter) => token.split('.')[2]?.includes(letter))) return token
  }
}

/** A good token of exactly so many octets: both parts are padded, as none is ever one letter longer than a multiple of four. */
function tokenOf(length: number, forger: Forger): string {
  const padded = (inHeader: number, inPayload: number) =>
    forge(forger, { x: `"${'x'.repeat(inHeader)}"` }, { x: `"${'x'.repeat(inPayload)}"` })
  const short = Math.floor(((length - padded(0, 0).length) * 3) / 4) - 4
  const tokens = [0, 1, 2].flatMap((one) => [0, 1, 2, 3, 4].map((other) => padded(one, short + other)))
  return tokens.find((token) => token.length === length) ?? 'none'
}
