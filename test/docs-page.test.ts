import t from 'tap'
import { latchkeyPage } from '../plugins/docs-page.ts'

const { wrapActions } = latchkeyPage().statePlugins.spec

/** Swagger UI's system as far as the page uses it, which writes down what it is told. */
function swaggerUi(authorised: boolean, name = 'bearer') {
  const told: unknown[] = []
  const system = {
    authActions: {
      authorize: (what: object) => void told.push(what),
      logout: (names: readonly string[]) => void told.push(names)
    },
    authSelectors: { authorized: () => ({ has: (asked: string) => authorised && asked === name }) }
  }
  const shown: unknown[] = []
  const setResponse = wrapActions.setResponse((...answer) => shown.push(answer), system)
  return { told, shown, setResponse }
}

const signedIn = { ok: true, body: { access_token: 'abc', token_type: 'Bearer', expires_in: 900 } }
const bearer = { bearer: { name: 'bearer', schema: { type: 'http', scheme: 'bearer' }, value: 'abc' } }

t.test('whatever signs in on the documentation page authorises the calls after it', async (t) => {
  for (const path of ['/api/v1/auth/login', '/api/v1/auth/refresh', '/api/v1/auth/password']) {
    const { told, shown, setResponse } = swaggerUi(false)
    setResponse(path, 'post', signedIn)
    t.strictSame(told, [bearer], path)
    t.strictSame(shown, [[path, 'post', signedIn]], 'the answer is shown as before')
  }
})

t.test('who signs in is who is calling, and no longer a service that was authorised before', async (t) => {
  const { told, setResponse } = swaggerUi(true, 'service')
  setResponse('/api/v1/auth/login', 'post', signedIn)
  t.strictSame(told, [['service'], bearer])
})

t.test('nothing else authorises', async (t) => {
  const others: [name: string, path: string, answer: object][] = [
    ['a token for a service', '/oauth2/token', signedIn],
    ['a refused sign-in', '/api/v1/auth/login', { ok: false, body: { access_token: 'abc' } }],
    ['an answer without a token', '/api/v1/auth/register', { ok: true, body: { user: {} } }],
    ['a token that is no text', '/api/v1/auth/login', { ok: true, body: { access_token: 1 } }],
    ['an answer without a body', '/api/v1/auth/login', { ok: true }],
    ['null', '/api/v1/auth/login', { ok: true, body: null }],
    ['a call that failed', '/api/v1/auth/login', { error: true, err: {} }]
  ]
  for (const [name, path, answer] of others) {
    const { told, shown, setResponse } = swaggerUi(true)
    setResponse(path, 'post', answer)
    t.strictSame(told, [], name)
    t.equal(shown.length, 1)
  }
})

t.test(
  'a sign-out on the documentation page forgets the token, also when all sessions or the account end',
  async (t) => {
    for (const [method, path] of [
      ['post', '/api/v1/auth/logout'],
      ['post', '/api/v1/auth/logout-all'],
      ['delete', '/api/v1/users/me']
    ] as const) {
      const { told, setResponse } = swaggerUi(true)
      setResponse(path, method, { ok: false })
      t.strictSame(told, [], `${method} ${path} refused: not yet`)
      setResponse(path, method, { ok: true })
      t.strictSame(told, [['bearer']], `${method} ${path}`)
      const nobody = swaggerUi(false)
      nobody.setResponse(path, method, { ok: true })
      t.strictSame(nobody.told, [], 'nothing to forget')
    }
  }
)

t.test('a sign-out sends the token, although the document says that anyone may sign out', async (t) => {
  const call = (pathName: string) => ({
    pathName,
    method: 'post',
    spec: {
      paths: { '/api/v1/auth/logout': { post: { security: [] } }, '/api/v1/auth/login': { post: { security: [] } } }
    }
  })
  const execute = wrapActions.executeRequest((one) => one)
  t.match(execute(call('/api/v1/auth/logout')), {
    spec: { paths: { '/api/v1/auth/logout': { post: { security: [{ bearer: [] }] } } } }
  })
  t.strictSame(execute(call('/api/v1/auth/login')), call('/api/v1/auth/login'))
  t.strictSame(execute(call('/elsewhere')), call('/elsewhere'))
})

t.test('the page reads the one document, also behind a path of its own', async (t) => {
  const urls: string[] = []
  for (const action of [wrapActions.updateUrl, wrapActions.download]) {
    action((url) => urls.push(url))('https://auth.example.com/docs/json')
    action((url) => urls.push(url))('https://example.com/auth/docs/json')
  }
  const [atRoot, behindPath] = ['https://auth.example.com/openapi.json', 'https://example.com/auth/openapi.json']
  t.strictSame(urls, [atRoot, behindPath, atRoot, behindPath])
})
