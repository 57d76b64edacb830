import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { Type } from '@sinclair/typebox'
import t from 'tap'
import { answeringApp } from './support/answers.ts'

const { app } = await answeringApp()
const closed = { additionalProperties: false }
const Required = Type.Object({ email: Type.String(), n: Type.Optional(Type.Integer()) }, closed)
const Optional = Type.Object({ token: Type.Optional(Type.String()) }, closed)
const Nested = Type.Object({ list: Type.Array(Type.Object({ name: Type.String() }, closed)) }, closed)
app.post('/required', { schema: { body: Required } }, (request) => ({ got: request.body }))
app.post('/optional', { schema: { body: Optional } }, (request) => ({ got: request.body }))
app.post('/nullable', { schema: { body: Type.Union([Required, Type.Null()]) } }, (request) => ({ got: request.body }))
app.post('/nested', { schema: { body: Nested } }, (request) => ({ got: request.body }))
app.post('/open', { schema: { body: Type.Object({}, { additionalProperties: true }) } }, () => ({ got: 'it' }))
app.post('/none', (request) => ({ got: request.body ?? null }))
app.delete('/none', (request) => ({ got: request.body ?? null }))
app.post('/small', { bodyLimit: 10, schema: { body: Optional } }, (request) => ({ got: request.body }))
app.get('/none', () => ({ got: null }))
t.teardown(() => app.close())

interface Answer {
  readonly status: number
  readonly code: string | undefined
  readonly pointers: readonly string[]
  readonly got: unknown
}

async function send(url: string, payload: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await app.inject({
    method: 'POST',
    url,
    payload,
    headers: { 'content-type': 'application/json', ...headers }
  })
  const { code, errors = [], got } = answer.json<{ code?: string; errors?: { pointer: string }[]; got?: unknown }>()
  return { status: answer.statusCode, code, pointers: errors.map(({ pointer }) => pointer), got }
}

t.test('JSON is read, whatever its media type says that does not change it', async (t) => {
  const types = [
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
    'application/json; charset=utf8',
    'application/json; version=1',
    'application/json; version=1; charset=utf-8'
  ]
  for (const type of types) {
    t.match(await send('/required', '{"email":"ä€😀"}', { 'content-type': type }), {
      status: 200,
      got: { email: 'ä€😀' }
    })
  }
})

t.test('what is not JSON in UTF-8 by its own account is 415', async (t) => {
  const types = [
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/problem+json',
    'application/merge-patch+json',
    'application/jsonp',
    'application/json; charset=utf-16',
    'application/json; charset=latin1',
    'application/json; charset=utf-8; charset=utf-16',
    'application/json, text/plain',
    'garbage',
    '*/*',
    ''
  ]
  for (const url of ['/required', '/optional', '/none']) {
    for (const type of types) {
      const answer = await send(url, '{"email":"a"}', { 'content-type': type })
      t.match(answer, { status: 415, code: 'unsupported_media_type' }, `${url} ${type}`)
    }
    const coded = await send(url, gzipSync('{}'), { 'content-encoding': 'gzip' })
    t.match(coded, { status: 415, code: 'unsupported_media_type' }, `${url} gzip`)
  }
  const untyped = await app.inject({ method: 'POST', url: '/required', payload: Buffer.from('{}') })
  t.equal(untyped.statusCode, 415)
})

t.test('broken JSON is 400', async (t) => {
  const broken = [
    '{',
    '{"email":}',
    "{'email':1}",
    '{"email":"a",}',
    '[1',
    'undefined',
    'NaN',
    '{} {}',
    '\uFEFF{}',
    ' ',
    '"\n"'
  ]
  const bytes = [Buffer.from([0xff]), Buffer.from('{"email":"\xe9"}', 'latin1'), Buffer.from('{}', 'utf16le')]
  const overlong = Buffer.concat([Buffer.from('{"email":"'), Buffer.from([0xc0, 0x80]), Buffer.from('"}')])
  const surrogate = Buffer.concat([Buffer.from('{"email":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')])
  for (const url of ['/required', '/optional', '/none']) {
    for (const payload of [...broken, ...bytes, overlong, surrogate]) {
      t.match(await send(url, payload), { status: 400, code: 'malformed_json' }, `${url} ${JSON.stringify(payload)}`)
    }
  }
})

t.test('JSON that two readers could read differently is broken', async (t) => {
  const texts = ['{"email":"a","email":"b"}', '{"email":"a","\\u0065mail":"b"}', '{"list":[{"name":"a","name":"b"}]}']
  for (const text of texts) t.match(await send('/nested', text), { status: 400, code: 'malformed_json' }, text)
})

t.test('nesting without end is refused like any other body that is not described', async (t) => {
  const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
  t.match(await send('/required', deep(30_000)), { status: 400, code: 'validation_failed' })
  t.match(await send('/none', `{"a":${deep(30_000)}}`), { status: 400, pointers: ['/a'] })
  t.match(await send('/open', `{"a":${deep(30_000)}}`), { status: 200 })
  t.match(await send('/open', `{"\\u0000":1,"a":${deep(30_000)}}`), { status: 400, code: 'validation_failed' })
})

t.test('an answer that names what was refused is not larger than a page, whatever was sent', async (t) => {
  const many = JSON.stringify(Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`x${i}`, 1])))
  const named = await send('/none', many)
  t.equal(named.pointers.length, 20)
  const lists = '['.repeat(5_000) + '"\\u0000",'.repeat(30) + '1' + ']'.repeat(5_000)
  const deep = await send('/open', `{"a":${lists}}`)
  t.strictSame(
    deep.pointers,
    Array.from({ length: 20 }, () => '')
  )
})

t.test('names that mean something to JavaScript are names', async (t) => {
  for (const name of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
    t.match(await send('/optional', `{"${name}":{"admin":true}}`), { status: 400, pointers: [`/${name}`] }, name)
  }
  t.equal(({} as { admin?: boolean }).admin, undefined)
})

t.test('a NUL or half of a surrogate pair is refused in any text and named, and a whole pair is not', async (t) => {
  for (const bad of ['\\u0000', 'a\\u0000b', '\\ud800', '\\uDC00', '\\udc00\\ud800', '\\ud83dx']) {
    t.match(await send('/required', `{"email":"${bad}"}`), {
      status: 400,
      code: 'validation_failed',
      pointers: ['/email']
    })
    const nested = `{"list":[{"name":"a"},{"name":"${bad}"}]}`
    t.match(await send('/nested', nested), { status: 400, pointers: ['/list/1/name'] }, bad)
    t.match(await send('/open', `{"a/b":{"~":["${bad}"]}}`), { status: 400, pointers: ['/a~1b/~0/0'] }, bad)
    t.match(await send('/open', `{"a":{"${bad}":1}}`), { status: 400, pointers: ['/a'] }, bad)
  }
  const pair = await send('/required', '{"email":"\\ud83d\\ude00\\\\u0000"}')
  t.match(pair, { status: 200, got: { email: '😀\\u0000' } })
})

t.test('a body over the limit is 413, also when its size is not told, and one at the limit is not', async (t) => {
  const sized = (bytes: number) => `{"email":"${'a'.repeat(bytes - 12)}"}`
  t.match(await send('/required', sized(64 * 1024)), { status: 200 })
  t.match(await send('/required', sized(64 * 1024 + 1)), { status: 413, code: 'payload_too_large' })
  t.match(await send('/none', sized(64 * 1024 + 1)), { status: 413 })
  t.match(await send('/small', '{"token":"a"}'), { status: 413 })
  async function* chunks() {
    for (let i = 0; i < 70; i++) yield Buffer.alloc(1024, ' ')
  }
  const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
  const streamed = await app.inject({ method: 'POST', url: '/required', headers, payload: Readable.from(chunks()) })
  t.equal(streamed.statusCode, 413)
})

t.test('a route whose body is optional takes none, whatever its type was to be', async (t) => {
  const types = [undefined, 'application/json', 'text/plain', 'application/x-www-form-urlencoded', 'garbage', '']
  const lengths = [{}, { 'content-length': '0' }, { 'transfer-encoding': 'chunked' }]
  for (const [url, got] of [
    ['/optional', {}],
    ['/nullable', null],
    ['/none', null]
  ] as const) {
    for (const type of types) {
      for (const length of lengths) {
        const headers = { ...length, ...(type !== undefined && { 'content-type': type }) }
        // A garbled type is looked at by Fastify itself where there might be a body.
        if ('transfer-encoding' in length && (type === 'garbage' || type === '')) continue
        const answer = await app.inject({ method: 'POST', url, headers })
        t.equal(answer.statusCode, 200, `${url} ${JSON.stringify(headers)}`)
        t.strictSame(answer.json<{ got: unknown }>().got, got)
      }
    }
  }
  t.equal(
    (await app.inject({ method: 'DELETE', url: '/none', headers: { 'content-type': 'text/plain' } })).statusCode,
    200
  )
})

t.test('where a body is required, none is told what is missing', async (t) => {
  for (const headers of [{}, { 'content-type': 'application/json' }, { 'content-type': 'text/plain' }]) {
    const answer = await app.inject({ method: 'POST', url: '/required', headers })
    t.equal(answer.statusCode, 400)
    t.match(answer.json(), { code: 'validation_failed', errors: [{ pointer: '/email', message: 'is required' }] })
  }
})

t.test('a body that a route does not describe is refused, and an empty object is as good as none', async (t) => {
  t.match(await send('/none', '{}'), { status: 200 })
  t.match(await send('/none', '{"a":1,"b/c":2}'), { status: 400, code: 'validation_failed', pointers: ['/a', '/b~1c'] })
  for (const body of ['[]', '[1]', 'null', '1', '"a"', 'true']) {
    t.match(await send('/none', body), { status: 400, code: 'validation_failed', pointers: [''] }, body)
  }
})

t.test('null is a body, and not the lack of one', async (t) => {
  t.match(await send('/required', 'null'), { status: 400, code: 'validation_failed', pointers: [''] })
  t.match(await send('/optional', 'null'), { status: 400, code: 'validation_failed', pointers: [''] })
  t.match(await send('/nullable', 'null'), { status: 200, got: null })
})
