import t from 'tap'
import { startApp } from '../support/app.ts'
import { newAdmin } from '../support/callers.ts'
import { operationsOf, shown, verdict, type Described } from '../support/operations.ts'

t.setTimeout(240_000)
const app = await startApp(t, { RATE_LIMIT: 'off' })
const { accessToken: token } = await newAdmin(app)
const NOBODY = '01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01'
const operations = await operationsOf(app)

const variantsOf = (described: Described): readonly Described[] => described.anyOf?.flatMap(variantsOf) ?? [described]

/** A value of each JSON type. */
const VALUES: Readonly<Record<string, unknown>> = {
  string: 'x',
  integer: 1,
  number: 1.5,
  boolean: true,
  null: null,
  array: [{}],
  object: { a: 1 }
}
/** Texts that nothing takes, wherever they stand. */
const UNCLEAN = ['\0', 'a\0b@example.com', '\ud800', 'a\udfffb@example.com', '\udc00\ud800']

/** Entries of lists, of which each list takes one at least. */
const ENTRIES = ['admin', 'some:thing']

/** What is wrong for this member: the value, and where in it the fault is. */
function* faultsOf(described: Described): Generator<readonly [what: string, value: unknown, within: string]> {
  const variants = variantsOf(described)
  const types = variants.map(({ type }) => type)
  for (const [type, value] of Object.entries(VALUES)) if (!types.includes(type)) yield [type, value, '']
  for (const { type, const: only, minLength = 0, maxLength, items, maxItems } of variants) {
    if (type === 'string') {
      for (const text of UNCLEAN) yield [shown(text), text, '']
      if (minLength > 0) yield ['empty', '', '']
      if (maxLength !== undefined) yield ['too long', 'x'.repeat(maxLength + 1), '']
      if (maxLength !== undefined) yield ['too long in code points', '\u{1f600}'.repeat(maxLength + 1), '']
      if (only !== undefined) yield ['another word', `${only} `, '']
    }
    if (type === 'array' && items !== undefined) {
      for (const [what, value, within] of faultsOf(items)) yield [`an entry: ${what}`, [value], `/0${within}`]
      const { pattern = '' } = items
      const entry = ENTRIES.find((one) => new RegExp(pattern).test(one)) ?? ''
      yield ['an entry twice', [entry, entry], '']
      // Where any text is an entry, none is unknown.
      if (!new RegExp(pattern).test('!')) yield ['an unknown entry', ['nobody-has-defined-this'], '/0']
      if (maxItems !== undefined) yield ['too many', Array.from({ length: maxItems + 1 }, (_, i) => `${entry}${i}`), '']
    }
  }
}

t.test('every route but those of the documentation page is in the document, and so in the tables of bad input', (t) => {
  const routes = app.app.accessTable.map(({ method, url }) => `${method} ${url}`)
  t.strictSame(operations.map(({ name }) => name).sort(), routes.filter((name) => !name.includes(' /docs')).sort())
  t.end()
})

for (const operation of operations) {
  const { name, method, url, body } = operation
  if (body === null) continue
  const { schema, example } = body
  const send = async (payload: string | Buffer, contentType = 'application/json') =>
    verdict(
      await app.app.inject({
        url: url(NOBODY),
        method,
        payload,
        headers: { 'content-type': contentType, authorization: `Bearer ${token}` }
      }),
      operation
    )

  t.test(`${name} names each member that is not as described`, async (t) => {
    const refused = async (sent: object, pointer: string, what: string) => {
      t.equal(await send(JSON.stringify(sent)), `400 validation_failed ${pointer}`, what)
    }
    for (const [member, described] of Object.entries(schema.properties)) {
      for (const [what, value, within] of faultsOf(described)) {
        await refused({ ...example, [member]: value }, `/${member}${within}`, `${member}: ${what}`)
      }
    }
    for (const member of schema.required ?? []) {
      const { [member]: _left, ...rest } = example
      await refused(rest, `/${member}`, `${member}: missing`)
    }
    const takesObjects = (described: Described) => variantsOf(described).some(({ type }) => type === 'object')
    const bad = Object.fromEntries(
      Object.entries(schema.properties).map(([member, described]) => [member, takesObjects(described) ? 1 : { a: 1 }])
    )
    t.equal(
      (await send(JSON.stringify({ ...bad, unknown: 1 }))).split(' ').sort().join(' '),
      ['/unknown', ...Object.keys(bad).map((member) => `/${member}`), '400', 'validation_failed'].sort().join(' '),
      'all that is wrong is named at once'
    )
  })

  t.test(`${name} refuses members that are not described, whatever they are called`, async (t) => {
    const text = JSON.stringify(example)
    const withMember = (member: string) => `${text.slice(0, -1)}${text === '{}' ? '' : ','}${member}}`
    for (const [member, pointer] of [
      ['"unknown":1', '/unknown'],
      ['"":1', '/'],
      ['"a/b~c":1', '/a~1b~0c'],
      ['"__proto__":{"email":"a@example.com"}', '/__proto__'],
      ['"constructor":{"prototype":{}}', '/constructor'],
      ['"toString":null', '/toString'],
      ['"Password":"x"', '/Password'],
      [`"${'n'.repeat(1000)}":1`, ''],
      ['"a\\u0000":1', ''],
      ['"a\\ud800":1', ''],
      ['"unknown":{"deep":["\\udc00"]}', '/unknown/deep/0']
    ] as const) {
      t.equal(await send(withMember(member)), `400 validation_failed ${pointer}`, member.slice(0, 40))
    }
  })

  t.test(`${name} takes nothing but one JSON object in UTF-8, of one meaning, of at most 64 KiB`, async (t) => {
    const text = JSON.stringify(example)
    const notUtf8 = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]
    const broken: readonly (string | Buffer)[] = [
      ...[text.slice(0, -1), `${text}${text}`, `${text},`, `\ufeff${text}`, `/**/${text}`, ' ', "{'a':1}", '{a:1}'],
      ...['{"a":NaN}', '{"a":01}', '{"a":"\n"}', '{"a":"\\x41"}', 'undefined', '{"a":1,}', '\0', '['.repeat(20_000)],
      ...['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"b":{"a":1,"a":2}}', '[{"a":1,"a":2}]', '{"":1,"":2}'],
      ...notUtf8.map((bytes) => Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')])),
      Buffer.from(text, 'utf16le')
    ]
    for (const payload of broken) {
      t.equal(await send(payload), '400 malformed_json', shown(payload.toString('latin1')))
    }
    for (const other of ['[]', '[{}]', 'null', 'true', '0', '-1e400', '"x"', `"${JSON.stringify(text).slice(1)}`]) {
      // Where a body can be left out, there is nothing that could stand for it.
      t.equal(await send(other), '400 validation_failed ', other.slice(0, 40))
    }
    const types = [
      'application/x-www-form-urlencoded',
      'text/plain',
      'text/json',
      'application/problem+json',
      'json',
      ' '
    ]
    for (const type of [...types, 'application/json, text/plain', 'application/json; charset=utf-16']) {
      t.equal(await send(text, type), '415 unsupported_media_type', type)
    }
    for (const type of ['application/json', 'text/plain']) {
      const size = type === 'text/plain' ? '415 unsupported_media_type' : '413 payload_too_large'
      t.equal(await send(`{"unknown":"${'x'.repeat(65_536)}"}`, type), size, `too large, as ${type}`)
    }
    const most = `{"unknown":"${'x'.repeat(65_536 - 14)}"}`
    t.equal(Buffer.byteLength(most), 65_536)
    t.match(await send(most), /^400 validation_failed .*\/unknown/, '64 KiB are not too many')
    t.match(await send(`${most} `), '413 payload_too_large', 'one more is')
  })
}
