import { Script } from 'node:vm'
import { type Static, Type } from '@sinclair/typebox'
import t from 'tap'
import docs from '../plugins/docs.ts'
import openapi from '../plugins/openapi.ts'
import documents from '../routes/documents.ts'
import { anyone, maybeUser, requirePermission, requireRole } from '../src/http/guards.ts'
import { problemResponse, ProblemSchema } from '../src/http/problem-schema.ts'
import { refusals, refusalsWithBody } from '../src/http/refusals.ts'
import { invalidInDocument, missingInDocument } from './support/document-findings.ts'
import { guardedApp } from './support/guarded-app.ts'

const exampleThing = { id: '01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01', kind: 'thing', owner: null }
const Thing = Type.Object(
  { id: Type.String({ format: 'uuid' }), kind: Type.Literal('thing'), owner: Type.Union([Type.String(), Type.Null()]) },
  { $id: 'Thing', description: 'A thing.', examples: [exampleThing] }
)
const Name = Type.Object({ name: Type.String() }, { additionalProperties: false, examples: [{ name: 'Ada' }] })
const Done = Type.Null({ description: 'Done.' })
const tags = ['users']

/** The plugins under test, and a route of each kind that matters to them. */
async function startApp(enabled = true) {
  const responses = {
    401: problemResponse('unauthenticated', 'invalid_token'),
    403: problemResponse('forbidden'),
    503: problemResponse('revocation_unavailable')
  }
  const app = await guardedApp({ responses, serviceScheme: 'service' })
  app.addSchema(ProblemSchema).addSchema(Thing)
  await app.register(openapi, { version: '1.2.3' })
  await app.register(docs, { enabled })
  await app.register(documents)

  const named = { operationId: 'name', tags, summary: 'Name', response: { 204: Done, ...refusalsWithBody() } }
  app.post('/name', { preHandler: anyone, schema: { ...named, body: Name } }, async () => null)
  const maybe = { ...named, operationId: 'maybe', body: Type.Partial(Name) }
  app.post('/maybe', { preHandler: maybeUser, schema: maybe }, async () => null)
  const change = { ...named, operationId: 'change', body: Type.Partial(Name, { minProperties: 1 }) }
  app.post('/change', { preHandler: anyone, schema: change }, async () => null)
  const params = Type.Object({ id: Type.String() })
  const response = { 200: Type.Unsafe<Static<typeof Thing>>(Type.Ref('Thing')), ...refusals('not_found') }
  const getThing = { operationId: 'getThing', tags, summary: 'A thing', params, response }
  const listed = { operationId: 'list', tags, summary: 'All', response: { 204: Done, ...refusals() } }
  await app.register(async (scope) => void scope.get('/', { preHandler: anyone, schema: listed }, async () => null), {
    prefix: '/things'
  })
  app.get('/things/:id', { preHandler: requireRole('admin'), schema: getThing }, async () => null)
  const counted = { operationId: 'count', tags, summary: 'How many', response: { 204: Done, ...refusals() } }
  app.get('/count', { preHandler: requirePermission('users:read'), schema: counted }, async () => null)
  const asked = { ...counted, operationId: 'ask', summary: 'By a client', security: [{ clientSecret: [] }] }
  app.get('/asked', { preHandler: anyone, schema: asked }, async () => null)
  await app.ready()
  return app
}

const on = await startApp()
const off = await startApp(false)
t.teardown(async () => {
  await on.close()
  await off.close()
})

interface Operation {
  requestBody?: { required?: boolean; content: Record<string, object> }
  responses: Record<string, { content?: Record<string, object> }>
  security?: object[]
}
interface Document {
  info: { title: string; version: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object> }
}
const documentOf = async (): Promise<Document> => (await on.inject('/openapi.json')).json()

t.test('the document is OpenAPI 3.1, says what it is about, and lacks nothing that a reader needs', async (t) => {
  const document = await documentOf()
  t.match(document, { openapi: '3.1.0', info: { title: 'Latchkey', version: '1.2.3' } })
  t.strictSame(await invalidInDocument(document), [])
  t.strictSame(missingInDocument(document), [])
  t.strictSame(Object.keys(document.paths).sort(), [
    '/asked',
    '/change',
    '/count',
    '/maybe',
    '/name',
    '/openapi.json',
    '/things',
    '/things/{id}'
  ])
  t.strictSame(Object.keys(document.components.schemas).sort(), ['Problem', 'Thing'], 'schemas are found by name')
})

t.test('a body of which no member is required may be left out, and the document says so', async (t) => {
  const { paths } = await documentOf()
  t.equal(paths['/name']?.['post']?.requestBody?.required, true)
  t.equal(paths['/maybe']?.['post']?.requestBody?.required, false)
  t.equal(paths['/change']?.['post']?.requestBody?.required, true, 'one member is, whichever')
})

t.test('an example stands where tools prefill from, whether its schema is shared or not', async (t) => {
  const { paths } = await documentOf()
  t.match(paths['/name']?.['post']?.requestBody?.content, { 'application/json': { example: { name: 'Ada' } } })
  const { content } = paths['/things/{id}']?.['get']?.responses['200'] ?? {}
  t.strictSame(content, {
    'application/json': { schema: { $ref: '#/components/schemas/Thing' }, example: exampleThing }
  })
})

t.test('guards are in the document: nobody, perhaps somebody, somebody', async (t) => {
  const { paths } = await documentOf()
  t.strictSame(paths['/name']?.['post']?.security, [])
  t.strictSame(paths['/maybe']?.['post']?.security, [{}, { bearer: [] }])
  t.strictSame(paths['/things/{id}']?.['get']?.security, [{ bearer: [] }])
})

t.test('what is missing in a document or wrong with it is found', async (t) => {
  const changed = async (change: object) => {
    const document = await documentOf()
    const get = { ...document.paths['/things/{id}']?.['get'], ...change }
    return { ...document, paths: { ...document.paths, '/things/{id}': { get } } }
  }
  const answer = (more: object) => ({ responses: { 200: { description: 'x', ...more } } })
  const faults: [finding: string, change: object][] = [
    ['no operationId', { operationId: '' }],
    ['operationId name is not its own', { operationId: 'name' }],
    ['no summary', { summary: undefined }],
    ['not one tag', { tags: [] }],
    ['tag elsewhere unexplained', { tags: ['elsewhere'] }],
    ['no security', { security: undefined }],
    ['no 2xx', { responses: {} }],
    ['guarded, and no 401', answer({})],
    ['guarded, and no 403', answer({})],
    ['200 not described', answer({ description: 'Default Response' })],
    ['no example of 200', answer({ content: { 'application/json': {} } })],
    ['no example of the body', { requestBody: { content: { 'application/json': {} } } }],
    ['404 is not application/problem+json', { responses: { 404: { description: 'x' } } }]
  ]
  for (const [finding, change] of faults) {
    t.ok(missingInDocument(await changed(change)).includes(`GET /things/{id}: ${finding}`), finding)
  }
  const wrong = answer({ content: { 'application/json': { schema: Thing, example: 1 } } })
  t.match(await invalidInDocument(await changed(wrong)), [/no-invalid-media-type-examples/])
})

t.test('/openapi.json is sent again only to who has another version of it', async (t) => {
  const first = await on.inject('/openapi.json')
  t.equal(first.headers['content-type'], 'application/json; charset=utf-8')
  t.equal(first.headers['cache-control'], 'no-cache')
  const etag = String(first.headers.etag)
  t.match(etag, /^"[\w-]+"$/)
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const { statusCode, body, headers } = await on.inject({ url: '/openapi.json', headers: { 'if-none-match': known } })
    t.strictSame([statusCode, body, headers.etag], [304, '', etag], known)
  }
  for (const other of ['"other"', etag.slice(1, -1), '']) {
    const { statusCode, body } = await on.inject({ url: '/openapi.json', headers: { 'if-none-match': other } })
    t.strictSame([statusCode, body], [200, first.body], other)
  }
})

t.test('everything under /docs has the policy of the page, and the page holds nothing inline', async (t) => {
  const page = await on.inject('/docs')
  t.equal(page.statusCode, 200)
  t.match(page.body, '<title>Latchkey</title>')
  t.notMatch(page.body, /<script(?![^>]* src=)|<style|\son\w+=|style=/, 'nothing inline')
  const files = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '')
  t.ok(files.length >= 7)
  t.ok(
    files.every((url) => url.startsWith('/docs/static/')),
    'nothing from elsewhere'
  )
  for (const url of ['/docs', '/docs/', ...files]) {
    const { statusCode, headers } = await on.inject(url)
    t.equal(statusCode, 200, url)
    const policy = String(headers['content-security-policy'])
    t.match(policy, "default-src 'none'; script-src 'self'; style-src 'self'", url)
    t.notMatch(policy, /unsafe|https?:/, url)
  }
})

t.test('the script that starts the page is a script, and tells it to keep no token', async (t) => {
  const { body } = await on.inject('/docs/static/swagger-initializer.js')
  t.ok(new Script(body))
  t.match(body, 'function latchkeyPage()')
  t.match(body, '"persistAuthorization":false')
  t.match(body, 'validatorUrl: null')
})

t.test('without the documentation page there is nothing under /docs, and the document is still there', async (t) => {
  for (const url of ['/docs', '/docs/', '/docs/json', '/docs/static/swagger-ui.css']) {
    t.equal((await off.inject(url)).statusCode, 404, url)
  }
  t.equal((await off.inject('/openapi.json')).statusCode, 200)
})
