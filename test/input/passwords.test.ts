import t from 'tap'
import { startApp } from '../support/app.ts'
import { newAdmin } from '../support/callers.ts'
import { bodySender, shown } from '../support/operations.ts'

t.setTimeout(120_000)
const app = await startApp(t, { RATE_LIMIT: 'off' })
const send = await bodySender(app, (await newAdmin(app)).accessToken)
const REGISTER = 'POST /api/v1/auth/register'
const LOGIN = 'POST /api/v1/auth/login'
const CREATE = 'POST /api/v1/users'

const EMAIL = 'someone.quite.long@example.com'
const WEAK = [
  ...[
    'short',
    'x'.repeat(14),
    'a'.repeat(20),
    'passwordpassword',
    'abcabcabcabcabcabc',
    '123456789012345',
    'qwertyuiopasdfghjkl'
  ],
  ...[EMAIL, EMAIL.toUpperCase(), 'someone.quite.long', ' '.repeat(20), 'fourteen chars', '\u{1f600}'.repeat(14)],
  // Up to 256 characters, which are code points: these are as many again, and more octets.
  ...[
    `${'x y'.repeat(85)}zz`,
    `k\u{1f600}`.repeat(129),
    'tab\tin a long password',
    'line\nin a long password',
    'escape \u001b in a long one'
  ],
  ...['not assigned \u0378 in it', 'ends in a newline there\n']
]

t.test('a password that is too weak is refused by its name wherever one is set, and never repeated', async (t) => {
  for (const password of WEAK) {
    const body = { email: EMAIL, password }
    for (const name of [REGISTER, CREATE]) {
      t.equal(await send(name, body), '422 weak_password /password', shown(password))
    }
    const answer = await app.send('POST', '/api/v1/auth/register', { body })
    t.notOk(answer.body.includes(JSON.stringify(password).slice(1, -1)), 'the answer does not hold it')
    t.equal(await send(LOGIN, body), '401 invalid_credentials', 'at sign-in it is wrong, and no more is said')
  }
})

t.test('a password is taken as it is typed, and is the same in each form of its characters', async (t) => {
  const passwords: readonly (readonly [password: string, same: readonly string[], other: readonly string[]])[] = [
    ['  spaces at both ends  ', [], ['spaces at both ends', '  spaces at both ends ']],
    [
      'Größenwahnsinnig fünf',
      ['Gro\u0308ßenwahnsinnig fu\u0308nf'],
      ['größenwahnsinnig fünf', 'Grossenwahnsinnig fünf']
    ],
    ['"; drop table users; --', [], ['drop table users']],
    ['%00 {{7*7}} ${7*7} <b>', [], ['{{7*7}} ${7*7} <b>']],
    ['__proto__ constructor', [], ['constructor']],
    [
      '\u{1f468}\u200d\u{1f469}\u200d\u{1f467} a family of emoji',
      [],
      ['\u{1f468}\u{1f469}\u{1f467} a family of emoji']
    ],
    [Array.from({ length: 256 }, (_, i) => String.fromCodePoint(0x1f300 + ((i * 37) % 253))).join(''), [], []],
    [`${'z'.repeat(3)}${Array.from({ length: 253 }, (_, i) => 'abcdefgh jklmnop'[(i * i) % 16]).join('')}`, [], []]
  ]
  for (const [i, [password, same, other]] of passwords.entries()) {
    const email = `typed${i}@example.com`
    const what = shown(password)
    t.equal(await send(REGISTER, { email, password }), '201', `${what} is a password`)
    for (const typed of [password, ...same]) t.equal(await send(LOGIN, { email, password: typed }), '200', what)
    for (const typed of [
      ...other,
      `${password}x`,
      Array.from(password).slice(0, -1).join(''),
      ` ${password}`,
      'x'.repeat(4096)
    ]) {
      t.equal(await send(LOGIN, { email, password: typed }), '401 invalid_credentials', `not ${what}`)
    }
  }
})
