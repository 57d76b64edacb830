import t from 'tap'
import { startApp } from '../support/app.ts'
import { newAdmin } from '../support/callers.ts'
import { operationsOf, PROBLEM_TYPE, verdict } from '../support/operations.ts'

t.setTimeout(120_000)
const app = await startApp(t, { RATE_LIMIT: 'off' })
const { accessToken: token } = await newAdmin(app)
const operations = await operationsOf(app)

/** What nobody has as an id. */
const IDS = [
  ...['x', '0', '-1', 'null', 'undefined', 'ME', 'me%20', 'me;a=1', '*', ':id', '{id}', '%7Bid%7D', 'NaN', '%20', '~'],
  ...["'", '%27--', '%27%20or%20%271%27%3D%271', '%22', '%5c', '..%2f..', '%2e%2e%2fme', '%252e%252e', '%25', '%2500'],
  ...['%C3%A9', '%F0%9F%98%80', '%E2%80%AE', '%EF%BF%BD', '%0a', '%0d%0aset-cookie:a=b', '%7f', '%c2%80'],
  ...['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  ...[
    '01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01',
    '01942d3c7a5e7c109f3b2a6d7e8f9a01',
    '%7B01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01%7D'
  ],
  ...[
    'urn:uuid:01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01',
    '01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a0',
    'zzzzzzzz-7a5e-7c10-9f3b-2a6d7e8f9a01'
  ],
  ...['x'.repeat(255), 'x'.repeat(8000), '%F0%9F%98%80'.repeat(1000)]
]
/** What is no text, or none that can be stored. */
const NO_TEXT = ['%00', 'a%00b', '%ff', '%', '%zz', '%ed%a0%80', '%c0%80', '%e2%82', '%f4%90%80%80', 'x%']

for (const operation of operations.filter(({ name }) => /\/:(id|kid)/.test(name))) {
  const ask = async (id: string) => {
    const body = operation.body?.example
    return app.send(operation.method, operation.url(id), { token, ...(body !== undefined && { body }) })
  }

  t.test(
    `${operation.name}: an id that nobody has is 404, whatever it looks like, and what is no text is 400`,
    async (t) => {
      for (const id of IDS) t.equal(verdict(await ask(id), operation), '404 not_found', id.slice(0, 40))
      for (const id of NO_TEXT) t.equal(verdict(await ask(id), operation), '400 bad_request', id)
    }
  )
}

t.test('a path that is nearly one is none, or is guarded as the one that it means', async (t) => {
  const spellings = [
    ...[
      '//api/v1/users',
      '/api//v1/users',
      '/api/v1//users',
      '/API/v1/users',
      '/api/v1/Users',
      '/api/v1/users//',
      '/api/v1/users/%2f'
    ],
    ...[
      '/api/v1/users/',
      '/api/v1/%75sers',
      '/%61pi/v1/users',
      '/api%2fv1%2fusers',
      '/api/v1/users%2f',
      '/api/v1/users%3f',
      '/api/v1/users%23'
    ],
    ...[
      '/api/v1/users;',
      '/api/v1/users.json',
      '/api/v1/users%20',
      '/api/v1/./users',
      '/api/v1/x/../users',
      '/api/v1/%2e%2e/v1/users',
      '\\api\\v1\\users'
    ],
    ...[
      '/api/v1/audit/',
      '/api/v1/%61udit',
      '/api/v1/users/%6de',
      '/api/v1/users/me/',
      '/api/v1/users/x/',
      '/api/v1/users/me%2f',
      '/docs/../api/v1/users'
    ]
  ]
  for (const path of spellings) {
    for (const method of ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'] as const) {
      const answer = await app.send(method, path)
      t.ok([401, 404, 405].includes(answer.statusCode), `${method} ${path}: ${answer.statusCode}`)
      t.equal(answer.headers['content-type'], PROBLEM_TYPE)
    }
  }
})

t.test('the files of the documentation are those, and no others', async (t) => {
  const files = [
    ...[
      '..%2f..%2fpackage.json',
      '..%2findex.html',
      '%2e%2e%2f%2e%2e%2fpackage.json',
      'theme/..%2f..%2fpackage.json',
      '....//package.json'
    ],
    ...[
      '.env',
      '.git/config',
      'a%5c..%5c..',
      '%5c%5cserver',
      'C:%5cwindows',
      'swagger-ui.css/',
      'theme',
      'theme/',
      'nothing.js'
    ],
    ...[
      '%E2%80%AE',
      'x'.repeat(200),
      'x'.repeat(4000),
      'x%20',
      '%25',
      '%252e%252e%252f',
      '~',
      'index.html.bak',
      '/etc/passwd',
      '%2fetc%2fpasswd'
    ]
  ]
  for (const file of files) {
    const answer = await app.send('GET', `/docs/static/${file}`)
    t.equal(
      verdict(answer, { name: 'GET /docs/static/*', refusals: new Set(['404 not_found']) }),
      '404 not_found',
      file.slice(0, 40)
    )
  }
  for (const file of NO_TEXT) {
    const answer = await app.send('GET', `/docs/static/${file}`)
    t.equal(
      verdict(answer, { name: 'GET /docs/static/*', refusals: new Set(['400 bad_request']) }),
      '400 bad_request',
      file
    )
  }
})
