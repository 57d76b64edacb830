import t from 'tap'
import { PASSWORD, startApp } from '../support/app.ts'
import { newAdmin } from '../support/callers.ts'
import { bodySender, shown } from '../support/operations.ts'

t.setTimeout(120_000)
const app = await startApp(t, { RATE_LIMIT: 'off' })
const send = await bodySender(app, (await newAdmin(app)).accessToken)
const REGISTER = 'POST /api/v1/auth/register'
const LOGIN = 'POST /api/v1/auth/login'
const CREATE = 'POST /api/v1/users'

const NO_ADDRESS = [
  ...[
    'a',
    '@',
    'a@',
    '@b',
    'a.b',
    'a@b@c.example',
    'a@@b.example',
    'a@b.example@',
    '@a@b.example',
    ' a@b.example',
    'a@b.example '
  ],
  ...[
    'a b@c.example',
    'a@b c.example',
    'a\tb@c.example',
    'a@b.example\n',
    'a\r\nbcc:x@b.example',
    '\u00a0a@b.example',
    'a\u3000@b.example'
  ],
  ...[
    'a@-b.example',
    'a@b-.example',
    'a@b..example',
    'a@.b.example',
    'a@b.example.',
    'a@b_c.example',
    'a@b,c.example',
    'a@b/c',
    'a@b%41.example'
  ],
  ...[
    '.a@b.example',
    'a.@b.example',
    'a..b@b.example',
    '"a"@b.example',
    '"a b"@b.example',
    'a(x)@b.example',
    'a@b.example(x)',
    'a,b@c.example'
  ],
  ...[
    '<a@b.example>',
    'A <a@b.example>',
    'mailto:a@b.example',
    'a;b@c.example',
    'a:b@c.example',
    'a\\b@c.example',
    'a[b]@c.example'
  ],
  ...[
    'a@127.1',
    'a@127.0.0.1',
    'a@[127.0.0.1]',
    'a@[::1]',
    'a@0x7f.1',
    'a@b.1',
    'a@1',
    'a@xn--',
    'a@xn--a.example',
    'a@xn--zzzzzz99999.example'
  ],
  ...[
    'a@\u202eb.example',
    'a\u200b@b.example',
    'a@b\u00ad.example',
    '\ufeffa@b.example',
    'a\u200d@b.example',
    'a@b\u2028.example'
  ],
  ...[
    'a\u0085@b.example',
    'a\u001b[2J@b.example',
    'a\u007f@b.example',
    'a\ue000@b.example',
    'a\u0378@b.example',
    'a\u{e0041}@b.example'
  ],
  ...[
    `${'x'.repeat(65)}@b.example`,
    `${'ü'.repeat(33)}@b.example`,
    `a@${'x'.repeat(64)}.example`,
    `${'İ'.repeat(32)}@b.example`
  ],
  ...[`a@${'x.'.repeat(123)}example`, `a@${'ü.'.repeat(60)}example`, `a@${'ü'.repeat(63)}.example`]
]

t.test('what is no address is refused by its name wherever one is asked for, and never repeated', async (t) => {
  for (const email of NO_ADDRESS) {
    const bodies = {
      [REGISTER]: { email, password: PASSWORD },
      [LOGIN]: { email, password: PASSWORD },
      [CREATE]: { email }
    }
    for (const [name, body] of Object.entries(bodies)) {
      t.equal(await send(name, body), '400 validation_failed /email', `${name} ${shown(email)}`)
    }
  }
  const { body } = await app.send('POST', '/api/v1/auth/register', {
    body: { email: 'canary canary', password: PASSWORD }
  })
  t.notMatch(body, /canary/)
})

t.test('an address is one account in each of its spellings, and nothing else is folded', async (t) => {
  const longest = `${'x'.repeat(64)}@${'y'.repeat(63)}.${'y'.repeat(63)}.${'y'.repeat(58)}.nu`
  t.equal(longest.length, 254)
  // The address, what else it is, and what it is not.
  const accounts: readonly (readonly [email: string, same: readonly string[], other: readonly string[]])[] = [
    ['Ann.B+c@Example.com', ['ann.b+c@example.COM'], ['annb+c@example.com', 'ann.b@example.com']],
    [
      'björn@münchen.example',
      ['BJÖRN@xn--mnchen-3ya.example', 'bjo\u0308rn@mu\u0308nchen.example'],
      ['bjorn@münchen.example']
    ],
    ["o'hara!#$%&*/=?^_`{|}~-@x.example", ["O'HARA!#$%&*/=?^_`{|}~-@X.EXAMPLE"], ["o'hara@x.example"]],
    ['ΝΙΚΟΣ@x.example', ['νικος@x.example', 'νικοσ@x.example'], ['νικο@x.example']],
    ['a%00b@x.example', ['A%00B@x.example'], ['a@x.example']],
    ['x@localhost', ['X@LOCALHOST'], ['x@localhost.example']],
    ['%@x.example', [], ['_@x.example']],
    ['constructor@x.example', ['CONSTRUCTOR@x.example'], ['__proto__@x.example', 'null@x.example']],
    [longest, [longest.toUpperCase()], [longest.slice(1)]]
  ]
  for (const [email, same, other] of accounts) {
    const what = shown(email)
    t.equal(await send(REGISTER, { email, password: PASSWORD }), '201', `${what} is an address`)
    for (const spelling of [email, ...same]) {
      t.equal(await send(LOGIN, { email: spelling, password: PASSWORD }), '200', `${shown(spelling)} is ${what}`)
      t.equal(await send(REGISTER, { email: spelling, password: PASSWORD }), '409 email_taken')
      t.equal(await send(CREATE, { email: spelling }), '409 email_taken')
    }
    for (const spelling of other) {
      const outcome = await send(LOGIN, { email: spelling, password: PASSWORD })
      t.equal(outcome, '401 invalid_credentials', `${shown(spelling)} is not ${what}`)
    }
  }
})
