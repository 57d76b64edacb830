import t from 'tap'
import { clientCredentialsOf, type ClientParameters } from '../src/http/client-credentials.ts'
import { answeringApp } from './support/answers.ts'
import { TYPE } from './support/assertions.ts'
import { base64 } from './support/clients.ts'
import { outcome } from './support/reading.ts'

const { app } = await answeringApp()
t.teardown(() => app.close())
let form: ClientParameters = {}
app.post('/', async (request) => clientCredentialsOf(request, form))

/** What is read of an Authorization field and parameters of the form, or how they are refused. */
async function read(authorization: string | null, parameters: ClientParameters = {}): Promise<unknown> {
  form = parameters
  const answer = await app.inject({
    method: 'POST',
    url: '/',
    ...(authorization !== null && { headers: { authorization } })
  })
  return answer.statusCode === 200 ? answer.json() : outcome(answer)
}
const INVALID = '401 unauthenticated'
const TWO = '400 bad_request'
const bySecret = (clientId: string, secret: string) => ({ by: 'secret', clientId, secret })

t.test('both parts of Basic credentials are form-encoded, and may hold anything', async (t) => {
  const rows: readonly (readonly [text: string, expected: unknown])[] = [
    ['id:secret', bySecret('id', 'secret')],
    ['id:', bySecret('id', '')],
    ['id:a:b', bySecret('id', 'a:b')],
    ['a%3Ab:c%3Ad', bySecret('a:b', 'c:d')],
    ['a+b:c+d', bySecret('a b', 'c d')],
    ['a%20b:c%2Bd', bySecret('a b', 'c+d')],
    ['100%25:50%25', bySecret('100%', '50%')],
    ['%2525:%2525', bySecret('%25', '%25')],
    ['%C3%A9:%F0%9F%98%80', bySecret('é', '\u{1f600}')],
    ['%c3%a9:x', bySecret('é', 'x')],
    ['é:ü', bySecret('é', 'ü')],
    ['id&x=1:a=b', bySecret('id&x=1', 'a=b')],
    [' id : secret ', bySecret(' id ', ' secret ')],
    [':secret', INVALID],
    [':', INVALID],
    ['id', INVALID],
    ['', INVALID],
    ['id%3Asecret', INVALID],
    ['id:%', INVALID],
    ['id:%zz', INVALID],
    ['%:secret', INVALID],
    ['id:%ff', INVALID],
    ['id:%c0%80', INVALID],
    ['id:%ed%a0%80', INVALID]
  ]
  for (const [text, expected] of rows) t.strictSame(await read(`Basic ${base64(text)}`), expected, JSON.stringify(text))
  const bytes = Buffer.concat([Buffer.from('id:'), Buffer.from([0xff])]).toString('base64')
  t.equal(await read(`Basic ${bytes}`), INVALID, 'what is not UTF-8')
})

t.test('a field that is not Basic, one space and base64 is no authentication', async (t) => {
  const good = base64('id:secret')
  for (const field of [`basic ${good}`, `BASIC ${good}`])
    t.strictSame(await read(field), bySecret('id', 'secret'), field)
  for (const field of [
    ...[
      '',
      'Basic',
      'Basic ',
      good,
      `Bearer ${good}`,
      `Basic${good}`,
      `Basic  ${good}`,
      `Basic\t${good}`,
      `Basic ${good} x`
    ],
    ...[`Basic ${good},Basic ${good}`, `Basic "${good}"`, `Basic ${good}===`, 'Basic id:secret', `xBasic ${good}`]
  ]) {
    t.equal(await read(field), INVALID, JSON.stringify(field))
  }
})

t.test('the form says it by a secret or by an assertion, each with all that belongs to it', async (t) => {
  const assertion = { client_assertion: 'a.b.c', client_assertion_type: TYPE }
  const rows: readonly (readonly [parameters: ClientParameters, expected: unknown])[] = [
    [{ client_id: 'id', client_secret: 'a%20b+c' }, bySecret('id', 'a%20b+c')],
    [{}, INVALID],
    [{ client_id: 'id' }, INVALID],
    [{ client_secret: 'secret' }, INVALID],
    [assertion, { by: 'assertion', assertion: 'a.b.c', clientId: null }],
    [
      { ...assertion, client_id: 'id' },
      { by: 'assertion', assertion: 'a.b.c', clientId: 'id' }
    ],
    [{ client_assertion: 'a.b.c' }, INVALID],
    [{ client_assertion_type: TYPE }, INVALID],
    [{ ...assertion, client_assertion_type: `${TYPE} ` }, INVALID],
    [{ ...assertion, client_assertion_type: TYPE.toUpperCase() }, INVALID],
    [{ ...assertion, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }, INVALID],
    [{ ...assertion, client_secret: 'secret' }, TWO],
    [{ client_assertion_type: TYPE, client_id: 'id', client_secret: 'secret' }, TWO]
  ]
  for (const [parameters, expected] of rows)
    t.strictSame(await read(null, parameters), expected, JSON.stringify(parameters))
})

t.test('there is one authentication, and one client_id', async (t) => {
  const field = `Basic ${base64('a%3Ab:secret')}`
  const expected = bySecret('a:b', 'secret')
  t.strictSame(await read(field), expected)
  t.strictSame(await read(field, { client_id: 'a:b' }), expected, 'compared once it is decoded')
  for (const parameters of [
    { client_id: 'a%3Ab' },
    { client_id: 'other' },
    { client_secret: 'secret' },
    { client_assertion: 'a.b.c' },
    { client_assertion_type: TYPE },
    { client_id: 'a:b', client_secret: 'secret' }
  ]) {
    t.equal(await read(field, parameters), TWO, JSON.stringify(parameters))
  }
  t.equal(await read('Bearer x', { client_id: 'id', client_secret: 'secret' }), TWO, 'whatever the field is')
})
