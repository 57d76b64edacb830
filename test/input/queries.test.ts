import t from 'tap'
import { join, PASSWORD, startApp } from '../support/app.ts'
import { newAdmin } from '../support/callers.ts'

t.setTimeout(120_000)
const app = await startApp(t, { RATE_LIMIT: 'off', ARGON2_QUEUE: '1000' })
const { accessToken: token } = await newAdmin(app)
await join(app, 'somebody@example.com')

const LISTS = ['/api/v1/users', '/api/v1/audit'] as const
/** What is wrong for every list, and the parameter that is named for it. */
const BAD: readonly (readonly [query: string, pointer: string])[] = [
  ...['0', '101', '-1', '1e1', '0x10', '+5', '%205', '5%20', '1.0', '', 'x', '9007199254740993', 'true'].map(
    (value) => [`limit=${value}`, '/limit'] as const
  ),
  ['limit=1&limit=2', '/limit'],
  ['unknown=1', '/unknown'],
  ['access_token=x', '/access_token'],
  ['cursor=', '/cursor'],
  ['cursor=x', '/cursor'],
  ['cursor=%00', '/cursor'],
  [`cursor=${Buffer.from('01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01').toString('base64')}=`, '/cursor']
]
const BAD_OF: Readonly<Record<(typeof LISTS)[number], readonly (readonly [query: string, pointer: string])[]>> = {
  '/api/v1/users': [
    ['disabled=yes', '/disabled'],
    ['disabled=1', '/disabled'],
    ['disabled=', '/disabled'],
    ['role=', '/role'],
    ['role=%20', '/role'],
    ['q=', '/q'],
    ['q=a%00', '/q'],
    [`q=${'x'.repeat(255)}`, '/q']
  ],
  '/api/v1/audit': [
    ['since=yesterday', '/since'],
    ['since=2026-02-30T00:00:00Z', '/since'],
    ['since=2026-01-01', '/since'],
    ['since=9999-12-31T23:59:60Z', '/since'],
    ['subject=', '/subject'],
    ['action=%00', '/action']
  ]
}

for (const path of LISTS) {
  t.test(`a query of ${path} that is not as described is refused, never clamped`, async (t) => {
    for (const [query, pointer] of [...BAD, ...BAD_OF[path]]) {
      const answer = await app.send('GET', `${path}?${query}`, { token })
      const { code, errors = [] } = answer.json<{ code: string; errors?: { pointer: string }[] }>()
      t.strictSame([answer.statusCode, code], [400, 'validation_failed'], query)
      t.ok(
        errors.some((error) => error.pointer === pointer),
        `${query} names ${pointer}`
      )
    }
    for (const query of [
      'q=%ff',
      'q=%ed%a0%80',
      'since=0000-01-01T00:00:00Z',
      'q=%25',
      "q='",
      'subject=%27%3b--',
      'limit=%31'
    ]) {
      const answer = await app.send('GET', `${path}?${query}`, { token })
      t.ok(answer.statusCode < 500, `${query}: ${answer.statusCode}`)
    }
  })
}

t.test('an id that nobody has is 404, whatever it looks like, and a path that is none is 400', async (t) => {
  const ids = [
    'x',
    '0',
    "'",
    '%27--',
    'ME',
    '01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01',
    '%C3%A9',
    '..%2f..',
    'x'.repeat(8000)
  ]
  for (const id of ids) {
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { disabled: false }],
      ['DELETE', '', undefined],
      ['POST', '/revoke', undefined],
      ['POST', '/password-reset', undefined]
    ] as const) {
      const answer = await app.send(method, `/api/v1/users/${id}${path}`, { token, body })
      t.strictSame(
        [answer.statusCode, answer.json<{ code: string }>().code],
        [404, 'not_found'],
        `${method} ${id.slice(0, 40)}${path}`
      )
    }
  }
  for (const id of ['%00', 'a%00b', '%ff', '%', '%zz', '%ed%a0%80']) {
    const answer = await app.send('GET', `/api/v1/users/${id}`, { token })
    t.equal(answer.statusCode, 400, id)
  }
})

t.test('what is no e-mail address is refused by name, and what is too weak as a password, too', async (t) => {
  const addresses = [
    'a',
    '@',
    'a@',
    '@b',
    'a b@c.example',
    'a@b c.example',
    'a@-b.example',
    'a@b..example',
    'a@b@c.example',
    '<a@b.example>'
  ]
  for (const email of [
    ...addresses,
    `${'x'.repeat(65)}@b.example`,
    `a@${'x'.repeat(64)}.example`,
    'a@127.1',
    'a@\u202eb.example'
  ]) {
    for (const path of ['register', 'login']) {
      const answer = await app.send('POST', `/api/v1/auth/${path}`, { body: { email, password: PASSWORD } })
      t.equal(answer.statusCode, 400, `${path} ${email.slice(0, 40)}`)
      t.equal(answer.json<{ errors: { pointer: string }[] }>().errors[0]?.pointer, '/email')
    }
  }
  const weak = [
    'short',
    'aaaaaaaaaaaaaaaaaaaa',
    'passwordpassword',
    '123456789012345',
    'qwertyuiopasdfghjkl',
    'someone.quite.long@example.com',
    'x y'.repeat(100)
  ]
  for (const password of weak) {
    const body = { email: 'someone.quite.long@example.com', password }
    const answer = await app.send('POST', '/api/v1/auth/register', { body })
    t.strictSame(
      [answer.statusCode, answer.json<{ code: string }>().code],
      [422, 'weak_password'],
      password.slice(0, 40)
    )
    t.equal(answer.json<{ errors: { pointer: string }[] }>().errors[0]?.pointer, '/password')
  }
})
