import t from 'tap'
import { join, PASSWORD, startApp } from '../support/app.ts'
import { newEmail } from '../support/callers.ts'
import { PROBLEM_TYPE, shown } from '../support/operations.ts'

t.setTimeout(120_000)
const app = await startApp(t, { RATE_LIMIT: 'off', TRUST_PROXY: 'on' })
const { email } = await join(app, newEmail())

t.test('no header that a client makes up is a fault of ours', async (t) => {
  const body = { email, password: PASSWORD }
  for (const [name, value] of [
    ...['x'.repeat(12_000), '\u00ff\u0080', `${'a'.repeat(255)}\u00ff\u00ff`, '%00', "'; drop table sessions; --"].map(
      (text) => ['user-agent', text]
    ),
    ...['x'.repeat(300), 'a b', '\u00ff', '"', '{}'].map((text) => ['x-request-id', text]),
    ...["'", ',,,', 'unknown', '::1%eth0', '1.2.3.4:99999', '[::1', '999.1.1.1', 'x'.repeat(5000)].map((text) => [
      'x-forwarded-for',
      text
    ]),
    ...[
      ['x-forwarded-proto', 'javascript'],
      ['x-forwarded-host', '"'],
      ['origin', 'null'],
      ['origin', '\u00ff'],
      ['accept', 'no/thing'],
      ['referer', '%']
    ],
    ...[
      ['cookie', ';;;=;'],
      ['cookie', '__proto__=1; constructor=2'],
      ['cookie', 'a'.repeat(12_000)],
      ['accept-language', '*;q=x'],
      ['range', 'x']
    ]
  ] as [string, string][]) {
    const answer = await app.send('POST', '/api/v1/auth/login', { headers: { [name]: value }, body })
    t.equal(answer.statusCode, 200, `${name}: ${shown(value)}`)
    t.match(answer.headers['x-request-id'], /^[\w-]{36}$/, 'a name for the request that is none is replaced')
  }
  for (const [name, value] of [
    ...['bytes=x', 'bytes=999999999-', 'bytes=-0', 'bytes=5-1', 'lines=1-2', `bytes=${'0-1,'.repeat(2000)}`].map(
      (text) => ['range', text]
    ),
    ...[
      ['if-match', '"x"'],
      ['if-unmodified-since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
      ['if-modified-since', 'x'],
      ['if-range', 'x'],
      ['if-none-match', '"']
    ]
  ] as [string, string][]) {
    for (const url of ['/docs/static/swagger-ui.css', '/openapi.json', '/health', '/docs']) {
      const { statusCode, headers } = await app.send('GET', url, { headers: { [name]: value } })
      const fine = statusCode < 400 || (statusCode === 400 && headers['content-type'] === PROBLEM_TYPE)
      t.ok(fine, `${url} ${name}: ${shown(value)} is ${statusCode}`)
    }
  }
})
