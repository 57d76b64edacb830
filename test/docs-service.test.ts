import t from 'tap'
import { operationsOf } from '../src/http/openapi.ts'
import { startApp } from './support/app.ts'
import { invalidInDocument, missingInDocument } from './support/document-findings.ts'

interface Described {
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly example: unknown } } }
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
}

const service = await startApp(t)
const document = (await service.send('GET', '/openapi.json')).json<Document>()

t.test('the document of the service is valid and lacks nothing that a reader needs', async (t) => {
  t.strictSame(await invalidInDocument(document), [])
  t.strictSame(missingInDocument(document), [])
})

t.test('the document has every route but the files of its own page', async (t) => {
  const documented = operationsOf(document).map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  const served = service.app.accessTable
    .filter(({ method, url }) => method !== 'HEAD' && !url.startsWith('/docs'))
    .map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`)
  t.strictSame(documented.sort(), served.sort())
})

t.test(
  'whoever sends the examples as they stand is registered, signed in, kept signed in and signed out',
  async (t) => {
    const cookies: Record<string, string> = {}
    const send = async (path: string) => {
      const body = document.paths[path]?.['post']?.requestBody?.content['application/json'].example
      const answer = await service.send('POST', path, { body, cookies, headers: { 'sec-fetch-site': 'same-origin' } })
      for (const { name, value } of answer.cookies) cookies[name] = value
      return answer
    }
    t.equal((await send('/api/v1/auth/register')).statusCode, 201)
    for (const path of ['/api/v1/auth/login', '/api/v1/auth/refresh']) {
      const answer = await send(path)
      t.equal(answer.statusCode, 200, path)
      const token = answer.json<{ access_token: string }>().access_token
      t.equal((await service.send('GET', '/api/v1/users/me', { token })).statusCode, 200)
    }
    t.equal((await send('/api/v1/auth/logout')).statusCode, 204)
  }
)
