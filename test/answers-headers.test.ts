import t from 'tap'
import { answeringApp } from './support/answers.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

const { app, log } = await answeringApp()
app.get('/', (request) => ({ id: request.id }))
app.get('/kept', (_request, reply) => reply.header('cache-control', 'public, max-age=60').send('kept'))
app.get('/page', (_request, reply) => reply.header('content-security-policy', "default-src 'self'").send('page'))
app.get('/fault', () => {
  throw new Error('fault')
})
t.teardown(() => app.close())

const URLS = ['/', '/fault', '/nowhere', '/%zz']

t.test('a well-formed X-Request-Id is kept, on every answer, in the problem and in the log', async (t) => {
  const ids = [
    'a',
    '4711',
    'req-1.2_3~4',
    'Root=1-67891233-abcdef012345678912345678',
    'dGhpcyBpcyBhbiBpZA==',
    'x'.repeat(128)
  ]
  for (const id of [...ids, '0f8fad5b-d9cb-469f-a165-70867728950e', 'urn:uuid:1', 'a+b/c@d']) {
    for (const url of URLS) {
      const answer = await app.inject({ url, headers: { 'x-request-id': id } })
      t.equal(answer.headers['x-request-id'], id)
      if (answer.statusCode >= 400) t.equal(answer.json<{ request_id: string }>().request_id, id)
      t.equal(log().at(-1)?.['request_id'], id)
    }
  }
})

t.test('another X-Request-Id, or two of them, are replaced by a new one', async (t) => {
  const none = [
    '',
    ' ',
    'a b',
    'a,b',
    'a"b',
    "a'b",
    'a\\b',
    '<a>',
    '{}',
    'é',
    'a;b',
    'x'.repeat(129),
    ['a', 'b'],
    ['a', 'a']
  ]
  const seen = new Set<unknown>()
  for (const id of none) {
    for (const url of URLS) {
      const answer = await app.inject({ url, headers: { 'x-request-id': id } })
      t.match(answer.headers['x-request-id'], UUID, JSON.stringify(id))
      seen.add(answer.headers['x-request-id'])
    }
  }
  t.equal(seen.size, none.length * URLS.length, 'each its own')
})

t.test('every answer tells browsers to load nothing, frame nothing, guess nothing and keep nothing', async (t) => {
  for (const url of URLS) {
    const { headers } = await app.inject(url)
    t.match(
      headers,
      {
        'content-security-policy': "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cache-control': 'no-store'
      },
      url
    )
    t.equal(headers['x-powered-by'], undefined)
    t.equal(headers.server, undefined)
  }
})

t.test('a route may let its answer be kept, or be a page with a policy of its own', async (t) => {
  t.equal((await app.inject('/kept')).headers['cache-control'], 'public, max-age=60')
  t.equal((await app.inject('/page')).headers['content-security-policy'], "default-src 'self'")
  t.equal((await app.inject('/page')).headers['x-content-type-options'], 'nosniff')
  t.equal((await app.inject('/')).headers['cache-control'], 'no-store', 'and the next answer is as ever')
})
