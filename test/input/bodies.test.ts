import t from 'tap'
import { join, startApp } from '../support/app.ts'
import { newAdmin } from '../support/callers.ts'

interface Member {
  readonly type?: string | readonly string[]
  readonly anyOf?: readonly Member[]
  readonly const?: unknown
}
interface BodySchema {
  readonly properties: Readonly<Record<string, Member>>
  readonly required?: readonly string[]
}
interface Operation {
  readonly requestBody?: {
    readonly content: Readonly<
      Record<string, { readonly schema: BodySchema; readonly example: Record<string, unknown> }>
    >
  }
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

t.setTimeout(240_000)
const app = await startApp(t, { RATE_LIMIT: 'off' })
const admin = await newAdmin(app)
const { id } = await join(app, 'somebody@example.com')
const document = (await app.send('GET', '/openapi.json')).json<Document>()

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).flatMap(([method, { requestBody }]) => {
    const json = requestBody?.content['application/json']
    const url = path.replace('{id}', id)
    return json === undefined
      ? []
      : [{ name: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(), url, ...json }]
  })
)
const typesOf = (member: Member): string[] => [
  ...[member.type ?? []].flat(),
  ...(member.anyOf ?? []).flatMap(typesOf),
  ...('const' in member ? ['string'] : [])
]
/** A value of each JSON type. */
const VALUES: Readonly<Record<string, unknown>> = {
  string: 'x',
  number: 1.5,
  boolean: true,
  null: null,
  array: [{}],
  object: { a: 1 }
}

const sendRaw = (url: string, method: string, payload: string | Buffer, contentType = 'application/json') =>
  app.app.inject({
    url,
    method,
    payload,
    headers: { 'content-type': contentType, authorization: `Bearer ${admin.accessToken}` }
  })

t.test('every operation with a body is in the document with an example', (t) => {
  t.equal(operations.length, 10)
  t.end()
})

for (const { name, method, url, schema, example } of operations) {
  const required = schema.required ?? []
  t.test(`${name} names each member that is not as described`, async (t) => {
    const refused = async (body: unknown, pointer: string, what: string) => {
      const answer = await sendRaw(url, method, JSON.stringify(body))
      const { code, errors = [] } = answer.json<{ code: string; errors?: { pointer: string }[] }>()
      t.strictSame([answer.statusCode, code], [400, 'validation_failed'], what)
      t.ok(
        errors.some((error) => error.pointer === pointer || error.pointer.startsWith(`${pointer}/`)),
        `${what} names ${pointer}`
      )
    }
    for (const [member, description] of Object.entries(schema.properties)) {
      const types = typesOf(description)
      for (const [type, value] of Object.entries(VALUES)) {
        if (!types.includes(type)) await refused({ ...example, [member]: value }, `/${member}`, `${member}: ${type}`)
      }
      if (types.includes('string')) {
        await refused({ ...example, [member]: 'a\0b@example.com' }, `/${member}`, `${member}: NUL`)
        await refused({ ...example, [member]: 'a\ud800b@example.com' }, `/${member}`, `${member}: lone surrogate`)
        await refused({ ...example, [member]: 'x'.repeat(5000) }, `/${member}`, `${member}: too long`)
      }
      if (types.includes('array'))
        await refused({ ...example, [member]: ['a\0b'] }, `/${member}`, `${member}: NUL within`)
    }
    for (const member of required) {
      const { [member]: _left, ...rest } = example
      await refused(rest, `/${member}`, `${member}: missing`)
    }
    await refused({ ...example, unknown: 1 }, '/unknown', 'an unknown member')
    await refused({ ...example, 'a/b~c': 1 }, '/a~1b~0c', 'an unknown member that has to be escaped')
    await refused({ ...example, ['__proto' + '__x']: 1 }, '/__proto__x', 'a member that looks like more')
  })

  t.test(`${name} takes nothing but one JSON object in UTF-8`, async (t) => {
    const text = JSON.stringify(example)
    const cases: readonly (readonly [
      what: string,
      payload: string | Buffer,
      type: string,
      status: number,
      code: string
    ])[] = [
      ['broken', text.slice(0, -1), 'application/json', 400, 'malformed_json'],
      ['twice', `${text}${text}`, 'application/json', 400, 'malformed_json'],
      ['a repeated name', '{"a":1,"\\u0061":2}', 'application/json', 400, 'malformed_json'],
      ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'application/json', 400, 'malformed_json'],
      ['an array', '[]', 'application/json', 400, 'validation_failed'],
      ['null', 'null', 'application/json', 400, 'validation_failed'],
      ['a string', '"x"', 'application/json', 400, 'validation_failed'],
      ['deep', '['.repeat(20_000), 'application/json', 400, 'malformed_json'],
      ['a form', 'a=1', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
      ['text', text, 'text/plain', 415, 'unsupported_media_type'],
      ['another charset', text, 'application/json; charset=utf-16', 415, 'unsupported_media_type'],
      ['too large', `"${'x'.repeat(70_000)}"`, 'application/json', 413, 'payload_too_large']
    ]
    for (const [what, payload, type, status, code] of cases) {
      const answer = await sendRaw(url, method, payload, type)
      t.strictSame([answer.statusCode, answer.json<{ code: string }>().code], [status, code], what)
    }
    const nothing = await app.app.inject({
      url,
      method,
      headers: { 'content-type': 'text/csv', authorization: 'Bearer x' }
    })
    t.ok(nothing.statusCode < 500 && nothing.statusCode !== 415, 'no body at all has no media type')
  })
}
