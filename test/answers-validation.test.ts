import { Type, type TSchema } from '@sinclair/typebox'
import t from 'tap'
import { answeringApp } from './support/answers.ts'

const closed = { additionalProperties: false }

interface MemberError {
  readonly pointer: string
  readonly message: string
}

const errorsOf = ({ payload }: { readonly payload: string }) =>
  (JSON.parse(payload) as { readonly errors: readonly MemberError[] }).errors
const pointersOf = (answer: { readonly payload: string }) => errorsOf(answer).map(({ pointer }) => pointer)

async function appTaking(part: 'body' | 'querystring' | 'params', schema: TSchema) {
  const { app } = await answeringApp()
  t.teardown(() => app.close())
  const url = part === 'params' ? '/at/:id' : '/'
  app.route({
    method: part === 'body' ? 'POST' : 'GET',
    url,
    schema: { [part]: schema },
    handler: (request) => ({ got: part === 'body' ? request.body : part === 'params' ? request.params : request.query })
  })
  return app
}

t.test('each refused member is named by its pointer and told in words what it must be', async (t) => {
  const Inner = Type.Object({ x: Type.Integer() }, closed)
  const Body = Type.Object(
    {
      text: Type.String({ minLength: 1, maxLength: 3 }),
      long: Type.Optional(Type.String({ minLength: 2 })),
      whole: Type.Optional(Type.Integer({ minimum: 1, maximum: 9 })),
      least: Type.Optional(Type.Number({ minimum: 1 })),
      most: Type.Optional(Type.Number({ maximum: 9 })),
      yes: Type.Optional(Type.Boolean()),
      list: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 2, uniqueItems: true })),
      inner: Type.Optional(Inner),
      some: Type.Optional(Type.Object({}, { additionalProperties: true, minProperties: 1 })),
      choice: Type.Optional(Type.Union([Type.Literal('a'), Type.Literal('b')])),
      one: Type.Optional(Type.Literal('only')),
      listed: Type.Optional(Type.String({ enum: ['p', 'q'] })),
      maybe: Type.Optional(Type.Union([Type.String({ maxLength: 2 }), Type.Null()])),
      either: Type.Optional(Type.Union([Type.String(), Type.Integer()])),
      id: Type.Optional(Type.String({ format: 'uuid' })),
      at: Type.Optional(Type.String({ format: 'date-time' })),
      word: Type.Optional(Type.String({ pattern: '^[a-z]+$' })),
      'a/b~c': Type.Optional(Type.Integer())
    },
    closed
  )
  const app = await appTaking('body', Body)
  const cases: [object, string, string][] = [
    [{}, '/text', 'is required'],
    [{ text: 1 }, '/text', 'must be a string'],
    [{ text: null }, '/text', 'must be a string'],
    [{ text: '' }, '/text', 'must not be empty'],
    [{ text: 'four' }, '/text', 'must have at most 3 characters'],
    [{ text: 'a', long: 'a' }, '/long', 'must have at least 2 characters'],
    [{ text: 'a', whole: 1.5 }, '/whole', 'must be a whole number'],
    [{ text: 'a', whole: '1' }, '/whole', 'must be a whole number'],
    [{ text: 'a', whole: 10 }, '/whole', 'must be from 1 to 9'],
    [{ text: 'a', least: 0 }, '/least', 'must be at least 1'],
    [{ text: 'a', most: 10 }, '/most', 'must be at most 9'],
    [{ text: 'a', most: true }, '/most', 'must be a number'],
    [{ text: 'a', yes: 'true' }, '/yes', 'must be true or false'],
    [{ text: 'a', yes: 1 }, '/yes', 'must be true or false'],
    [{ text: 'a', list: 'x' }, '/list', 'must be a list'],
    [{ text: 'a', list: {} }, '/list', 'must be a list'],
    [{ text: 'a', list: [] }, '/list', 'must have at least 1 entry'],
    [{ text: 'a', list: ['x', 'y', 'z'] }, '/list', 'must have at most 2 entries'],
    [{ text: 'a', list: ['x', 'x'] }, '/list', 'must not hold the same entry twice'],
    [{ text: 'a', list: ['x', 1] }, '/list/1', 'must be a string'],
    [{ text: 'a', some: {} }, '/some', 'must have at least 1 member'],
    [{ text: 'a', inner: [] }, '/inner', 'must be an object'],
    [{ text: 'a', inner: {} }, '/inner/x', 'is required'],
    [{ text: 'a', inner: { x: 1, y: 2 } }, '/inner/y', 'is not described'],
    [{ text: 'a', choice: 'c' }, '/choice', 'must be "a" or "b"'],
    [{ text: 'a', one: 'other' }, '/one', 'must be "only"'],
    [{ text: 'a', listed: 'r' }, '/listed', 'must be "p" or "q"'],
    [{ text: 'a', maybe: 'abc' }, '/maybe', 'must have at most 2 characters'],
    [{ text: 'a', maybe: 1 }, '/maybe', 'must be a string'],
    [{ text: 'a', either: [] }, '/either', 'is not as described'],
    [{ text: 'a', id: '4711' }, '/id', 'must be a UUID'],
    [{ text: 'a', at: 'now' }, '/at', 'must be a date and time (RFC 3339)'],
    [{ text: 'a', word: 'A' }, '/word', 'is not as described'],
    [{ text: 'a', unknown: 1 }, '/unknown', 'is not described'],
    [{ text: 'a', 'a/b~c': '' }, '/a~1b~0c', 'must be a whole number'],
    [{ text: 'a', 'x/y~z': '' }, '/x~1y~0z', 'is not described'],
    [[], '', 'must be an object']
  ]
  for (const [payload, pointer, message] of cases) {
    const answer = await app.inject({ method: 'POST', url: '/', payload })
    t.equal(answer.statusCode, 400, JSON.stringify(payload))
    t.strictSame(errorsOf(answer), [{ pointer, message }], JSON.stringify(payload))
  }
  const good = { text: '😀😀😀', maybe: null, either: 1, id: '0F8FAD5B-D9CB-469F-A165-70867728950E', 'a/b~c': 1 }
  const answer = await app.inject({ method: 'POST', url: '/', payload: good })
  t.strictSame(answer.json(), { got: good })
})

t.test(
  'all refused members are named at once, but no more than 20, and nothing that was sent is repeated',
  async (t) => {
    const app = await appTaking('body', Type.Object({ a: Type.Integer(), b: Type.Integer() }, closed))
    const two = await app.inject({ method: 'POST', url: '/', payload: { a: 'canary', c: 'canary' } })
    t.strictSame(pointersOf(two).sort(), ['/a', '/b', '/c'])
    t.notMatch(two.payload, /canary/)
    const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`x${i}`, 'canary']))
    const capped = await app.inject({ method: 'POST', url: '/', payload: many })
    t.equal(errorsOf(capped).length, 20)
    t.notMatch(capped.payload, /canary/)
    const long = await app.inject({ method: 'POST', url: '/', payload: { a: 1, b: 1, ['x'.repeat(50_000)]: 1 } })
    t.strictSame(errorsOf(long), [{ pointer: '', message: 'has a member that is not described' }])
  }
)

t.test('nothing is coerced, dropped or made up but the defaults', async (t) => {
  const Body = Type.Object({ n: Type.Optional(Type.Integer({ default: 5 })), s: Type.Optional(Type.String()) }, closed)
  const app = await appTaking('body', Body)
  for (const payload of [{ n: '5' }, { n: true }, { n: null }, { n: [5] }, { s: 5 }, { s: ['a'] }]) {
    t.equal((await app.inject({ method: 'POST', url: '/', payload })).statusCode, 400, JSON.stringify(payload))
  }
  t.strictSame((await app.inject({ method: 'POST', url: '/', payload: {} })).json(), { got: { n: 5 } })
})

t.test('formats take what the rest of the service can work with', async (t) => {
  const app = await appTaking('body', Type.Object({ at: Type.String({ format: 'date-time' }) }, closed))
  const good = [
    '2026-01-02T03:04:05Z',
    '2026-01-02t03:04:05.123456z',
    '2026-01-02T03:04:05+14:00',
    '2024-02-29T00:00:00Z'
  ]
  const bad = [
    '2026-01-02',
    '2026-01-02 03:04:05Z',
    '2026-01-02T03:04:05',
    '2026-01-02T03:04Z',
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-02T24:00:00Z',
    '2026-06-30T23:59:60Z',
    '2026-01-02T03:04:05+25:00',
    '+002026-01-02T03:04:05Z',
    '2026-01-02T03:04:05Z\n',
    ''
  ]
  for (const at of good) t.equal((await app.inject({ method: 'POST', url: '/', payload: { at } })).statusCode, 200, at)
  for (const at of bad) t.equal((await app.inject({ method: 'POST', url: '/', payload: { at } })).statusCode, 400, at)
  const ids = await appTaking('body', Type.Object({ id: Type.String({ format: 'uuid' }) }, closed))
  for (const id of ['urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e', '{0f8fad5b-d9cb-469f-a165-70867728950e}', '']) {
    t.equal((await ids.inject({ method: 'POST', url: '/', payload: { id } })).statusCode, 400, id)
  }
})

t.test('a query is read by the types that it is described with, and never otherwise', async (t) => {
  const Query = Type.Object(
    {
      limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
      disabled: Type.Optional(Type.Boolean()),
      q: Type.Optional(Type.String({ minLength: 1 })),
      since: Type.Optional(Type.String({ format: 'date-time' })),
      sort: Type.Optional(Type.Union([Type.Literal('up'), Type.Literal('down')]))
    },
    closed
  )
  const app = await appTaking('querystring', Query)
  const good: [string, object][] = [
    ['', { limit: 20 }],
    ['?', { limit: 20 }],
    ['?&&', { limit: 20 }],
    ['?limit=1', { limit: 1 }],
    ['?limit=100&disabled=false', { limit: 100, disabled: false }],
    ['?disabled=true&q=a%20b+c%2Bd', { limit: 20, disabled: true, q: 'a b c+d' }],
    ['?q=1', { limit: 20, q: '1' }],
    ['?q=%F0%9F%98%80', { limit: 20, q: '😀' }],
    ['?q=a=b', { limit: 20, q: 'a=b' }],
    ['?%6cimit=2', { limit: 2 }],
    ['?sort=up&since=2026-01-02T03:04:05Z', { limit: 20, sort: 'up', since: '2026-01-02T03:04:05Z' }]
  ]
  for (const [query, got] of good) t.strictSame((await app.inject(`/${query}`)).json(), { got }, query)

  const range = 'must be from 1 to 100'
  const whole = 'must be a whole number'
  const bad: [string, string, string][] = [
    ['?limit=0', '/limit', range],
    ['?limit=101', '/limit', range],
    ['?limit=-1', '/limit', range],
    ['?limit=9007199254740993', '/limit', whole],
    ['?limit=99999999999999999999', '/limit', whole],
    ...['1e1', '0x10', '1.0', '+5', '%205', '5%20', '%2B5', '05', '-0', '', 'ten', '1_0', 'Infinity', '%D9%A5'].map(
      (text): [string, string, string] => [`?limit=${text}`, '/limit', whole]
    ),
    ['?limit', '/limit', whole],
    ['?limit=5&limit=5', '/limit', 'must be there once'],
    ['?limit[]=5', '/limit[]', 'is not described'],
    ...['1', '0', 'TRUE', 'yes', 'on', ''].map((text): [string, string, string] => [
      `?disabled=${text}`,
      '/disabled',
      'must be true or false'
    ]),
    ['?q=', '/q', 'must not be empty'],
    ['?q=%00', '/q', 'must not hold a NUL or half of a surrogate pair'],
    ['?q=%zz', '/q', 'is not percent-encoded UTF-8'],
    ['?q=%E9', '/q', 'is not percent-encoded UTF-8'],
    ['?q=%ED%A0%80', '/q', 'is not percent-encoded UTF-8'],
    ['?q=a&q=b&q=c', '/q', 'must be there once'],
    ['?sort=sideways', '/sort', 'must be "up" or "down"'],
    ['?since=yesterday', '/since', 'must be a date and time (RFC 3339)'],
    ['?since=2026-01-02T03:04:05+00:00', '/since', 'must be a date and time (RFC 3339)'],
    ['?Limit=5', '/Limit', 'is not described'],
    ['?__proto__=1', '/__proto__', 'is not described'],
    ['?constructor=1', '/constructor', 'is not described'],
    ['?a/b~c=1', '/a~1b~0c', 'is not described'],
    ['?%zz=1', '/%zz', 'is not described']
  ]
  for (const [query, pointer, message] of bad) {
    const answer = await app.inject(`/${query}`)
    t.equal(answer.statusCode, 400, query)
    t.strictSame(errorsOf(answer), [{ pointer, message }], query)
  }
  const several = await app.inject('/?limit=x&disabled=x&other=1')
  t.strictSame(pointersOf(several), ['/limit', '/disabled', '/other'])
  const flood = await app.inject(`/?${'q&'.repeat(8_000)}`)
  t.strictSame(errorsOf(flood), [{ pointer: '/q', message: 'must be there once' }])
})

t.test('a required parameter that is missing is named', async (t) => {
  const app = await appTaking('querystring', Type.Object({ subject: Type.String() }, closed))
  t.strictSame(errorsOf(await app.inject('/')), [{ pointer: '/subject', message: 'is required' }])
})

t.test('a route that describes no query ignores it, whatever it is', async (t) => {
  const { app } = await answeringApp()
  t.teardown(() => app.close())
  app.get('/', () => 'ok')
  for (const query of ['?a=1&a=2', '?%zz=%zz', '?q=%00', '?__proto__=1']) {
    t.equal((await app.inject(`/${query}`)).statusCode, 200, query)
  }
})

t.test('an id that cannot be one is nowhere, and a NUL in a path is malformed', async (t) => {
  const app = await appTaking('params', Type.Object({ id: Type.String({ format: 'uuid' }) }, closed))
  t.equal((await app.inject('/at/0f8fad5b-d9cb-469f-a165-70867728950e')).statusCode, 200)
  for (const id of ['4711', 'a'.repeat(5_000), '%F0%9F%98%80', '']) {
    t.equal((await app.inject(`/at/${id}`)).statusCode, 404, id.slice(0, 20))
  }
  const nul = await app.inject('/at/a%00b')
  t.equal(nul.statusCode, 400)
  t.equal(nul.json<{ code: string }>().code, 'bad_request')
})

t.test('schemas may refer to shared ones, in any scope', async (t) => {
  const { app } = await answeringApp()
  t.teardown(() => app.close())
  const Name = Type.Object({ name: Type.String() }, { $id: 'Name', ...closed })
  await app.register(async (scope) => {
    scope.addSchema(Name)
    scope.post('/', { schema: { body: Type.Ref('Name') } }, (request) => ({ got: request.body }))
  })
  const answer = await app.inject({ method: 'POST', url: '/', payload: { name: 1, other: 1 } })
  t.strictSame(pointersOf(answer).sort(), ['/name', '/other'])
})

t.test('a schema that does not say whether it takes other members stops the start', async (t) => {
  const lax = Type.Object({ a: Type.String() })
  const Shared = Type.Object({ a: Type.String() }, { $id: 'Shared' })
  const schemas = [
    { body: lax },
    { body: Type.Object({ inner: lax }, closed) },
    { body: Type.Object({ list: Type.Array(lax) }, closed) },
    { body: Type.Union([lax, Type.Null()]) },
    { body: Type.Ref('Shared') },
    { querystring: lax },
    { querystring: Type.String() },
    { body: Type.Object({ a: Type.String({ mispelt: true }) }, closed) }
  ]
  for (const schema of schemas) {
    const { app } = await answeringApp()
    app.addSchema(Shared)
    app.route({ method: 'POST', url: '/', schema, handler: () => 'unreached' })
    const start = async (): Promise<void> => {
      await app.ready()
    }
    await t.rejects(start, { code: 'FST_ERR_SCH_VALIDATION_BUILD' }, JSON.stringify(schema))
    await app.close()
  }
})
