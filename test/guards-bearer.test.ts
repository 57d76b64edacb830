import { request as send } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Problem } from '../src/domain/problems.ts'
import { bearerToken } from '../src/http/bearer.ts'
import { anyone, requireUser } from '../src/http/guards.ts'
import { bareApp, guardedApp } from './support/guarded-app.ts'

/** What is read from these Authorization fields: the token, null, or the code of the refusal. */
async function read(...values: readonly string[]): Promise<string | null> {
  const app = bareApp()
  let found: string | null = 'nothing was read'
  app.get('/', async (request) => {
    try {
      found = bearerToken(request)
    } catch (error) {
      found = error instanceof Problem ? `refused: ${error.code}` : 'fault'
    }
    return 'ok'
  })
  await app.inject({ url: '/', headers: values.length === 0 ? {} : { Authorization: [...values] } })
  return found
}

t.test('a token is read from the Authorization field, with the scheme in any letter case', async (t) => {
  t.equal(await read(), null)
  t.equal(await read('Bearer abc.DEF-123_~+/=='), 'abc.DEF-123_~+/==')
  t.equal(await read('bearer abc'), 'abc')
  t.equal(await read('BEARER abc'), 'abc')
  t.equal(await read(`Bearer ${'a'.repeat(8192)}`), 'a'.repeat(8192))
})

t.test('whatever else stands there is a bad token, and never nobody', async (t) => {
  const bad = [
    '',
    'Bearer',
    'Bearer ',
    'Bearer  abc',
    'Bearer\tabc',
    'Bearer abc def',
    'Bearer abc,',
    'Bearer "abc"',
    'Bearer =',
    'Bearer a=b',
    'Bearer abc\u00e9',
    'Bearerabc',
    'abc',
    'Basic YTpi',
    'Digest username="a"',
    'Basic YTpi, Bearer abc',
    `Bearer ${'a'.repeat(8193)}`
  ]
  for (const value of bad) t.equal(await read(value), 'refused: invalid_token', value.slice(0, 40))
})

t.test('two Authorization fields are refused, whatever they hold', async (t) => {
  t.equal(await read('Bearer ann', 'Bearer ann'), 'refused: bad_request')
  t.equal(await read('Bearer ann', ''), 'refused: bad_request')
  t.equal(await read('Basic YTpi', 'Bearer ann'), 'refused: bad_request')
})

t.test('over a real connection, too, where the second field would be dropped in silence', async (t) => {
  const app = await guardedApp()
  app.get('/', { preHandler: requireUser }, async () => 'in')
  app.get('/open', { preHandler: anyone }, async () => 'in')
  await app.listen({ port: 0 })
  t.teardown(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const statusOf = async (path: string, headers: readonly string[]): Promise<number | undefined> => {
    const sent = send({ port, path, headers: ['Host', 'localhost', ...headers] })
    sent.end()
    const [answer] = await once(sent, 'response')
    answer.resume()
    return answer.statusCode
  }
  t.equal(await statusOf('/', ['Authorization', 'Bearer ann']), 200)
  t.equal(await statusOf('/', ['Authorization', 'Bearer ann', 'authorization', 'Bearer forged']), 400)
  t.equal(await statusOf('/', ['Authorization', 'Bearer forged', 'AUTHORIZATION', 'Bearer ann']), 400)
  t.equal(await statusOf('/open', ['Authorization', 'Bearer ann', 'authorization', 'Bearer forged']), 200)
  t.equal(await statusOf('/', ['X-Authorization', 'Bearer ann']), 401)
})
