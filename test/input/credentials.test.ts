import t from 'tap'
import { join, PASSWORD, startApp } from '../support/app.ts'
import { newAdmin, newEmail } from '../support/callers.ts'
import { operationsOf, shown, verdict } from '../support/operations.ts'
import { claimsOf, cookieLines, DEVICE, REFRESH } from '../support/reading.ts'

t.setTimeout(120_000)
const app = await startApp(t, { RATE_LIMIT: 'off' })
const { accessToken: token, id } = await newAdmin(app)
const { email, refreshToken } = await join(app, newEmail())
const operations = await operationsOf(app)
const named = (name: string) => {
  const operation = operations.find((one) => one.name === name)
  if (operation === undefined) throw new Error(`There is no ${name}.`)
  return operation
}
const send = (name: string, headers: Readonly<Record<string, string>>, body?: object) => {
  const { method, url } = named(name)
  return app.send(method, url(id), { headers, ...(body !== undefined && { body }) })
}

/** What is no token of ours, in cookies and in bodies. */
const NO_TOKEN = [
  ...[
    'x',
    '=',
    '%',
    '%00',
    '%ff',
    '%E0%A4%A',
    '"',
    '""',
    '"x"',
    'a b',
    'null',
    '__proto__',
    '\u00ff\u0080',
    'lkr_',
    'lkr_x',
    'LKR_A',
    'lkr_%00'
  ],
  ...[92, 91, 93, 0].map((size) => `lkr_${Buffer.alloc(size).toString('base64url')}`),
  ...[0xff, 0x7f].map((byte) => `lkr_${Buffer.alloc(92, byte).toString('base64url')}`),
  ...[
    refreshToken.slice(0, -1),
    `${refreshToken}A`,
    refreshToken.toLowerCase(),
    refreshToken.slice(4),
    `${refreshToken}=`,
    `x${refreshToken}`
  ],
  ...[
    `${refreshToken.slice(0, -4)}AAAA`,
    refreshToken.replace(/(?<=^lkr_.{20})./, (c) => (c === 'A' ? 'B' : 'A')),
    `${refreshToken.slice(0, -1)}!`
  ],
  ...[token, 'A'.repeat(8000)]
]

t.test('a cookie that is no token of ours is refused and cleared, and signs nobody out', async (t) => {
  for (const value of NO_TOKEN) {
    const cookie = `${REFRESH}=${value}`
    const refreshed = await send('POST /api/v1/auth/refresh', { cookie })
    t.equal(verdict(refreshed, named('POST /api/v1/auth/refresh')), '401 invalid_refresh_token', shown(value))
    t.match(
      cookieLines(refreshed).join(),
      /^__Host-latchkey_refresh=; Max-Age=0; Path=\/; HttpOnly; Secure; SameSite=Strict$/
    )
    t.equal((await send('POST /api/v1/auth/logout', { cookie })).statusCode, 204)
    const signedIn = await send(
      'POST /api/v1/auth/login',
      { cookie: `${DEVICE}=${value}` },
      { email, password: PASSWORD }
    )
    t.equal(signedIn.statusCode, 200, 'as a device it is a new one')
  }
  const refreshed = await send('POST /api/v1/auth/refresh', {}, { refresh_token: refreshToken })
  t.equal(refreshed.statusCode, 200, 'the token that all these were made of still works')
})

t.test('a refresh token in a body that is none of ours is 401, whatever it holds', async (t) => {
  for (const value of NO_TOKEN.filter(({ length }) => length <= 1024)) {
    const operation = named('POST /api/v1/auth/refresh')
    const answer = await send(operation.name, {}, { refresh_token: value })
    t.equal(verdict(answer, operation), '401 invalid_refresh_token', shown(value))
    const logout = await send('POST /api/v1/auth/logout', {}, { refresh_token: value })
    t.equal(logout.statusCode, 204)
    const reset = named('POST /api/v1/auth/password/reset')
    const outcome = verdict(await send(reset.name, {}, { token: value, new_password: PASSWORD }), reset)
    t.equal(outcome, '401 invalid_reset_token')
  }
})

t.test(
  'an Authorization that is no good token is 401 wherever a credential is looked at, and nobody is never meant',
  async (t) => {
    const parts = token.split('.')
    const claims = { ...claimsOf(token), roles: ['admin', 'other'] }
    const values = [
      ...[
        '',
        ' ',
        'Bearer',
        'Bearer ',
        'Bearer  ',
        `Bearer  ${token}`,
        `Bearer\t${token}`,
        `Bearer ${token} `,
        `Bearer ${token},`,
        token
      ],
      ...[
        `Basic ${Buffer.from('a:b').toString('base64')}`,
        `Token ${token}`,
        `Bearer Bearer ${token}`,
        `Bearer "${token}"`,
        `Bearer: ${token}`
      ],
      ...[
        `Bearer ${token}=`,
        `Bearer ${token}x`,
        `Bearer ${token.slice(0, -1)}`,
        `Bearer ${parts.slice(0, 2).join('.')}.`,
        `Bearer ..`,
        `Bearer ${token}.x`
      ],
      ...[
        `Bearer ${parts[0]}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${parts[2]}`,
        `Bearer \u00ff`,
        `Bearer ${'x'.repeat(9000)}`
      ],
      ...[
        `Bearer ${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${parts[1]}.`,
        `Bearer ${parts[1]}.${parts[0]}.${parts[2]}`
      ]
    ]
    const guarded = [
      'GET /api/v1/users/me',
      'GET /api/v1/auth/session',
      'GET /api/v1/users',
      'POST /api/v1/users',
      'DELETE /api/v1/users/:id'
    ]
    for (const authorization of values) {
      for (const name of guarded) {
        const answer = await send(name, { authorization })
        t.equal(verdict(answer, named(name)), '401 invalid_token', `${name} ${shown(authorization)}`)
        t.match(answer.headers['www-authenticate'], /^Bearer realm="latchkey", error="invalid_token"/)
      }
      t.equal((await send('POST /api/v1/auth/logout', { authorization })).statusCode, 204, 'it signs nobody out')
    }
    t.equal((await send('GET /api/v1/users/me', { authorization: `bEARER ${token}` })).statusCode, 200)
  }
)
