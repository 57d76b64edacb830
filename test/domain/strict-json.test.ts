import t from 'tap'
import { decodeBase64url, decodeUtf8 } from '../../src/domain/base64url.ts'
import { parseStrictJson } from '../../src/domain/strict-json.ts'
import { createRandom } from '../support/random.ts'

const random = createRandom(8259)
const LETTERS = [
  'a',
  'b',
  '"',
  '\\',
  '/',
  ',',
  ':',
  '{',
  '}',
  '[',
  ']',
  ' ',
  '\n',
  '\0',
  'é',
  '\u2028',
  '\ud800',
  '😀'
] as const

/** JSON text of a string, each of its letters escaped or not. */
function stringText(text: string): string {
  const letters = text.split('').map((letter) => {
    const plain = JSON.stringify(letter).slice(1, -1)
    return random.below(4) === 0 ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : plain
  })
  return `"${letters.join('').replace('/', random.pick(['/', '\\/']))}"`
}
const anyString = () => Array.from({ length: random.below(4) }, () => random.pick(LETTERS)).join('')
const space = () => random.pick(['', '', '', ' ', '\n\t'])
const spaced = (texts: readonly string[]) => texts.map((text) => space() + text + space()).join(',')

/** JSON text, and whether an object in it has a name twice. */
function anyJson(depth: number): { readonly text: string; readonly repeats: boolean } {
  const kind = random.below(depth === 0 ? 2 : 4)
  if (kind === 0) return { text: stringText(anyString()), repeats: false }
  if (kind === 1) return { text: random.pick(['0', '-1.5e3', '1e400', 'true', 'false', 'null']), repeats: false }
  const inner = Array.from({ length: random.below(4) }, () => anyJson(depth - 1))
  const repeats = inner.some((each) => each.repeats)
  if (kind === 2) return { text: `[${spaced(inner.map((each) => each.text))}]`, repeats }
  const names = inner.map(anyString)
  const members = inner.map(({ text }, at) => `${stringText(names[at] ?? '')}${space()}:${space()}${text}`)
  return { text: `{${spaced(members)}}`, repeats: repeats || new Set(names).size < names.length }
}

t.test('what JSON.parse makes of a text is made of it, unless a name is repeated', async (t) => {
  const wrong: string[] = []
  let refused = 0
  for (let round = 0; round < 1500; round += 1) {
    const { text, repeats } = anyJson(4)
    const expected: unknown = JSON.parse(text)
    try {
      const same = JSON.stringify(parseStrictJson(text)) === JSON.stringify(expected)
      if (repeats || !same) wrong.push(text)
    } catch (error) {
      refused += 1
      if (!repeats || !(error instanceof SyntaxError)) wrong.push(text)
    }
  }
  t.strictSame(wrong, [])
  t.ok(refused > 50 && refused < 1200, 'some repeat a name and some do not')
})

t.test('what JSON.parse refuses is refused, with the same kind of error', async (t) => {
  const wrong: string[] = []
  let refused = 0
  for (let round = 0; round < 800; round += 1) {
    const { text } = anyJson(3)
    const at = random.below(text.length)
    const broken = text.slice(0, at) + random.pick(['', '', '"', ',', '}', ']', '\\', 'x']) + text.slice(at + 1)
    const [plain, strict] = [JSON.parse, parseStrictJson].map((parse: (text: string) => unknown) => {
      try {
        return JSON.stringify(parse(broken))
      } catch (error) {
        return error instanceof SyntaxError ? 'refused' : String(error)
      }
    })
    if (plain === 'refused') refused += 1
    if (strict !== plain && strict !== 'refused') wrong.push(broken)
  }
  t.strictSame(wrong, [])
  t.ok(refused > 100 && refused < 750, 'some are broken and some are not')
})

t.test('a repeated name is refused wherever it is and however it is written', async (t) => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"a":3}',
    '{"a":1,"\\u0061":1}',
    '{"\\u0061":1,"\\u0061":1}',
    '{"\\n":1,"\\u000a":1}',
    '{"/":1,"\\/":1}',
    '{"\\"":1,"\\u0022":1}',
    '{"é":1,"\\u00e9":1}',
    '{"😀":1,"\\ud83d\\ude00":1}',
    '{"\\ud800":1,"\\uD800":1}',
    '{"":1,"":1}',
    '{"__proto__":1,"__proto__":1}',
    '{"constructor":1,"constructor":1}',
    '{ "a" : 1 , "a" : 1 }',
    '[{"a":1,"a":1}]',
    '{"x":{"a":1,"a":1}}',
    '{"a":{},"a":{}}',
    '{"a":[],"a":[]}',
    '{"a":{"b":1},"c":[{"b":1}],"a":1}',
    '[[[{"x":[{"a":{"b":{},"b":1}}]}]]]'
  ]) {
    t.doesNotThrow(() => JSON.parse(text), text)
    t.throws(() => parseStrictJson(text), { name: 'SyntaxError', message: /repeated/ }, text)
  }
})

t.test('a name that only looks repeated is not', async (t) => {
  for (const text of [
    '{"a":"a","b":"a"}',
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":["a","a"],"b":["a",{"a":1}]}',
    '["a","a"]',
    '"a"',
    '{"a":"\\",\\"a\\":","b":1}',
    '{"a":1,"A":1,"a ":1,"á":1,"a\\u0301":1}',
    '{"\\\\":1,"\\"":1}',
    '{"a,":1,"a":1,"a:":1,"{":1,"}":1}',
    '{"__proto__":1,"constructor":1,"toString":1}'
  ]) {
    t.strictSame(parseStrictJson(text), JSON.parse(text), text)
  }
  t.equal(Object.getPrototypeOf(parseStrictJson('{"__proto__":{"x":1}}')), Object.prototype)
})

t.test('large and deep texts are taken or refused, and never overflow', async (t) => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000)
  t.doesNotThrow(() => parseStrictJson(deep))
  t.throws(() => parseStrictJson(deep.slice(1)), { name: 'SyntaxError' })
  const objects = '{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000)
  t.doesNotThrow(() => parseStrictJson(objects))
  const escapes = `{"${'\\\\'.repeat(100_000)}":"${'\\"'.repeat(100_000)}"}`
  t.doesNotThrow(() => parseStrictJson(escapes))
  const members = Array.from({ length: 20_000 }, (_, n) => `"m${n}":${n}`)
  t.doesNotThrow(() => parseStrictJson(`{${members.join()}}`))
  t.throws(() => parseStrictJson(`{${members.join()},"m0":0}`), { message: /repeated/ })
})

t.test('base64url and UTF-8 have one spelling each', async (t) => {
  for (const [text, hex] of [
    ['', ''],
    ['AA', '00'],
    ['_w', 'ff'],
    ['-_8', 'fbff'],
    ['AAAA', '000000'],
    ['SGVsbG8', '48656c6c6f']
  ] as const) {
    t.equal(decodeBase64url(text)?.toString('hex'), hex, text)
  }
  for (const text of [
    'A',
    'AB',
    'AAB',
    'AA=',
    'AA==',
    '+w',
    '/w',
    ' AA',
    'AA ',
    'AA\n',
    'A A',
    'AAAAA',
    'é',
    'AA.',
    '\ud800',
    '='
  ]) {
    t.equal(decodeBase64url(text), null, JSON.stringify(text))
  }
  for (const text of ['', 'a', 'é例😀', '\0', '\ufeffa', '\ufffd']) t.equal(decodeUtf8(Buffer.from(text)), text)
  for (const hex of ['ff', '80', 'c3', 'c0af', 'eda080', 'f4908080', 'e282', '61ff62']) {
    t.equal(decodeUtf8(Buffer.from(hex, 'hex')), null, hex)
  }
})
