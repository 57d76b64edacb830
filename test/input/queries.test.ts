import t from 'tap'
import { join, startApp } from '../support/app.ts'
import { newAdmin } from '../support/callers.ts'
import { operationsOf, verdict, type Described } from '../support/operations.ts'

t.setTimeout(120_000)
const app = await startApp(t, { RATE_LIMIT: 'off' })
const { accessToken: token, id } = await newAdmin(app)
await join(app, 'somebody@example.com')
const operations = await operationsOf(app)
/** What the cursors of a list are made of: where an item stands in it. */
const PLACES: Readonly<Record<string, string>> = { 'GET /api/v1/keys': '1767322800000-3f6c1e0a9b7d2458' }

/** What is wrong for every parameter: neither text, nor percent-encoded UTF-8, nor there once. */
const BAD_FOR_ALL = ['%00', 'a%00', '%ff', '%ed%a0%80', '%c0%80', '%', '%zz', '%e2%82']
const BAD: Readonly<Record<string, readonly string[]>> = {
  integer: [
    ...['0', '101', '-1', '1e1', '0x10', '0b1', '+5', '%2b5', '%205', '5%20', '1.0', '1.', '', 'x', 'true', 'null'],
    ...['9007199254740993', '99999999999999999999', '-0', '00', '05', '%EF%BC%95', '1_0', 'Infinity', 'NaN', '[1]']
  ],
  boolean: ['yes', 'no', '1', '0', '', 'True', 'TRUE', 'on', '%20true', 'null'],
  'date-time': [
    ...['yesterday', '', '2026-01-01', '2026-01-01T00:00:00', '2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z'],
    ...['9999-12-31T23:59:60Z', '2026-01-01T24:00:00Z', '2026-01-01%2000:00:00Z', '0', '1767225600', 'infinity'],
    ...['+10000-01-01T00:00:00Z', '%2b10000-01-01T00:00:00Z', '-0001-01-01T00:00:00Z', '2026-01-01T00:00:00%2b25:00']
  ],
  string: ['']
}
const KIND = ({ type = '', format }: Described): string => format ?? type
const tooLong = ({ maxLength }: Described) => (maxLength === undefined ? [] : ['x'.repeat(maxLength + 1)])

for (const operation of operations.filter(({ query }) => Object.keys(query).length > 0)) {
  const ask = async (query: string) =>
    verdict(await app.send('GET', `${operation.url(id)}?${query}`, { token }), operation)

  t.test(`a query of ${operation.name} that is not as described is refused by name, never clamped`, async (t) => {
    for (const [name, described] of Object.entries(operation.query)) {
      const bad = BAD[KIND(described)] ?? []
      t.ok(bad.length > 0, `there is something wrong for ${name}`)
      for (const value of [...BAD_FOR_ALL, ...bad, ...tooLong(described)]) {
        t.equal(await ask(`${name}=${value}`), `400 validation_failed /${name}`, `${name}=${value.slice(0, 40)}`)
      }
      t.equal(await ask(name), `400 validation_failed /${name}`, `${name}: without a value`)
      const encoded = `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`
      for (const twice of [
        `${name}=1&${name}=1`,
        `${name}=1&${encoded}=1`,
        `${name}=&${name}`,
        `${name}=1&${name}=2&${name}=3`
      ]) {
        t.equal(await ask(twice), `400 validation_failed /${name}`, twice)
      }
    }
    for (const [query, pointer] of [
      ['unknown=1', '/unknown'],
      ['access_token=x', '/access_token'],
      ['LIMIT=1', '/LIMIT'],
      ['limit[]=1', '/limit[]'],
      ['limit[gt]=1', '/limit[gt]'],
      ['__proto__=1', '/__proto__'],
      ['constructor=1', '/constructor'],
      ['toString', '/toString'],
      ['a%2fb~c=1', '/a~1b~0c'],
      ['=1', '/'],
      [`${'n'.repeat(1000)}=1`, ''],
      ['%ff=1', '/%ff'],
      ['limit=1;cursor=x', '/limit'],
      ['limit=1%26limit=2', '/limit']
    ] as const) {
      t.equal(await ask(query), `400 validation_failed ${pointer}`, query.slice(0, 40))
    }
  })

  t.test(`a cursor of ${operation.name} is one that the list gave, to the letter`, async (t) => {
    const place = PLACES[operation.name] ?? id
    const good = Buffer.from(place).toString('base64url')
    t.equal(await ask(`cursor=${good}`), '200')
    for (const cursor of [
      ...[
        'x',
        'null',
        place,
        `${good}=`,
        `${good}%3d%3d`,
        ` ${good}`,
        good.slice(1),
        good.toLowerCase(),
        '%27%20or%201%3d1'
      ],
      ...['x', '', `${place}x`, place.slice(1), `{${place.slice(1, -1)}}`, place.replaceAll('-', '')].map((text) =>
        Buffer.from(text).toString('base64url')
      ),
      Buffer.from([0xff, 0x00]).toString('base64url')
    ]) {
      t.equal(await ask(`cursor=${cursor}`), '400 validation_failed /cursor', cursor)
    }
  })
}

t.test('what is unusual and right is taken', async (t) => {
  const [users, audit] = ['GET /api/v1/users', 'GET /api/v1/audit'].map((name) =>
    operations.find((operation) => operation.name === name)
  )
  if (users === undefined || audit === undefined) throw new Error('The lists are gone.')
  const all = ['', '&', '&&', 'limit=1', 'limit=100', 'limit=%31', '%6cimit=1', 'limit=2&&']
  for (const [operation, queries] of [
    [
      users,
      [
        ...all,
        'q=%25',
        'q=_',
        "q='",
        'q=%5c',
        'q=%27%3b--',
        'q=%F0%9F%98%80',
        'q=a@%2541',
        'q=@',
        'role=admin.x-1',
        'disabled=false'
      ]
    ],
    [
      audit,
      [
        ...all,
        'since=0000-01-01T00:00:00Z',
        'since=9999-12-31T23:59:59.999999999Z',
        'since=0000-01-01T00:00:00%2b23:59'
      ]
    ],
    [
      audit,
      [
        'since=2026-01-01T00:00:00-23:59',
        'subject=%27%3b--',
        'action=%25',
        'subject=%F0%9F%98%80',
        'action=no.such_thing'
      ]
    ]
  ] as const) {
    for (const query of queries) {
      const answer = await app.send('GET', `${operation.url(id)}?${query}`, { token })
      t.equal(verdict(answer, operation), '200', query)
    }
  }
  const found = async (q: string) =>
    (await app.send('GET', `/api/v1/users?q=${q}`, { token })).json<{ items: [] }>().items
  t.equal((await found('some')).length, 1)
  for (const pattern of ['%25', '_omebody', 'some%25', 'some%5c', '%5c%25']) {
    t.strictSame(await found(pattern), [], `${pattern} is no pattern`)
  }
})

t.test('a route that describes no query is not disturbed by one', async (t) => {
  for (const operation of operations.filter(
    ({ query, method }) => method === 'GET' && Object.keys(query).length === 0
  )) {
    const url = operation.url(id)
    const plain = verdict(await app.send('GET', url, { token }), operation)
    for (const query of ['x=%ff', 'a=1&a=2', '%00=%00', '__proto__=1', '&=&', 'q=1&'.repeat(1000), 'q=%']) {
      t.equal(
        verdict(await app.send('GET', `${url}?${query}`, { token }), operation),
        plain,
        `${operation.name} ${query.slice(0, 20)}`
      )
    }
  }
})
