import t from 'tap'
import { signInAdmin, startApp } from '../support/app.ts'
import { exchange } from '../support/answers.ts'
import { basic, CLIENTS, clientToken, form, makeClient, oauthOutcome } from '../support/clients.ts'
import { MOST_TOKEN_BYTES } from '../../src/domain/access-token.ts'
import { claimsOf, outcome } from '../support/reading.ts'

const app = await startApp(t, { RATE_LIMIT: 'off' })
const { accessToken: admin } = await signInAdmin(app)
const client = await makeClient(app, admin, { permissions: ['users:read'] })
const CREDENTIALS = `client_id=${client.id}&client_secret=${client.secret}`
const GRANT = 'grant_type=client_credentials'
const send = async (body: string | Buffer, headers = {}) =>
  oauthOutcome(await form(app, '/oauth2/token', body, { headers }))
const BAD = '400 invalid_request'

t.test('a form is read strictly, and what nobody understands is ignored', async (t) => {
  const good = `${GRANT}&${CREDENTIALS}`
  for (const [body, expected] of [
    [good, '200'],
    [`${good}&unknown=1&another=`, '200'],
    [`${good}&__proto__=1&constructor=1&toString=1&hasOwnProperty=1`, '200'],
    [`&&${good}&&`, '200'],
    [`${good}&=`, '200'],
    [`${good}&scope=&resource=`, '200'],
    [`${good}&scope`, '200'],
    [good.replace('client_credentials', 'client%5Fcredentials'), '200'],
    [`${good}&scope=users%3Aread`, '200'],
    [`${good}&${GRANT}`, BAD],
    [`${good}&scope=users:read&scope=users:read`, BAD],
    [`${good}&scope=&scope=users:read`, BAD],
    [`${good}&client_id=${client.id}`, BAD],
    [`${good}&client%5Fid=${client.id}`, BAD],
    [`${good}&unknown=1&unknown=2`, BAD],
    [CREDENTIALS, BAD],
    [`grant_type=&${CREDENTIALS}`, BAD],
    ['', BAD],
    [`grant_type=password&${CREDENTIALS}`, '400 unsupported_grant_type'],
    [`grant_type=authorization_code&${CREDENTIALS}`, '400 unsupported_grant_type'],
    [`grant_type=Client_Credentials&${CREDENTIALS}`, '400 unsupported_grant_type'],
    [`grant_type=client_credentials+&${CREDENTIALS}`, '400 unsupported_grant_type'],
    ['grant_type=password', '401 invalid_client'],
    [`${good}&scope=%00`, BAD],
    [`${good}&scope=a%00b`, BAD],
    [`${good}&unknown=%00`, BAD],
    [`${good}&scope=%`, BAD],
    [`${good}&scope=%zz`, BAD],
    [`${good}&scope=%ff`, BAD],
    [`${good}&scope=%c0%80`, BAD],
    [`${good}&scope=%ed%a0%80`, BAD],
    [`${good}&unknown=%E0%A4%A`, BAD],
    [`${good}&scope=users:read%20`, '400 invalid_scope'],
    [`${good}&scope=\u00e9`, '400 invalid_scope'],
    [`${GRANT};${CREDENTIALS}`, '401 invalid_client'],
    [JSON.stringify({ grant_type: 'client_credentials' }), BAD]
  ] as const) {
    t.equal(
      await send(body),
      expected,
      JSON.stringify(body.replace(CREDENTIALS, '…').slice(0, 80)).replace(/[^ -~]/g, '?')
    )
  }
})

t.test('a form is UTF-8, of its own media type, and no larger than it may be', async (t) => {
  const good = `${GRANT}&${CREDENTIALS}`
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
    t.equal(await send(Buffer.concat([Buffer.from(`${good}&x=`), Buffer.from(bytes)])), BAD, String(bytes))
  }
  t.equal(await send(Buffer.from(good, 'utf16le')), BAD)
  for (const [type, expected] of [
    ['application/x-www-form-urlencoded', '200'],
    ['application/x-www-form-urlencoded; charset=utf-8', '200'],
    ['application/x-www-form-urlencoded;charset="UTF-8"', '200'],
    ['Application/X-WWW-Form-Urlencoded', '200'],
    ['application/x-www-form-urlencoded; charset=iso-8859-1', '415 invalid_request'],
    ['application/x-www-form-urlencoded; charset=utf-16', '415 invalid_request'],
    ['application/json', '415 invalid_request'],
    ['multipart/form-data; boundary=x', '415 invalid_request'],
    ['text/plain', '415 invalid_request'],
    ['application/xml', '415 invalid_request'],
    ['form', '415 invalid_request'],
    ['', '415 invalid_request']
  ] as const) {
    t.equal(await send(good, { 'content-type': type }), expected, type)
  }
  t.equal(await send(good, { 'content-encoding': 'gzip' }), '415 invalid_request')
  t.equal(await send(good, { 'content-encoding': 'identity' }), '200')
  t.equal(await send(`${good}&x=${'x'.repeat(65_536)}`), '413 invalid_request')
  t.equal(await send(`${good}&x=${'x'.repeat(60_000)}`), '200')
  t.equal(await send(`${good}${'&a=1'.repeat(2)}`), BAD)
  t.equal(
    await send(`${good}${Array.from({ length: 5000 }, (_, i) => `&a${i}=1`).join('')}`),
    '200',
    'of many parameters'
  )
})

t.test('two Authorization fields are refused, whatever they say', async (t) => {
  const url = new URL(await app.app.listen({ host: '127.0.0.1', port: 0 }))
  const { authorization } = basic(client)
  const ask = async (...fields: readonly string[]) => {
    const lines = ['POST /oauth2/token HTTP/1.1', 'Host: localhost', 'Content-Type: application/x-www-form-urlencoded']
    const head = [...lines, `Content-Length: ${GRANT.length}`, 'Connection: close', ...fields].join('\r\n')
    const [answer] = await exchange(Number(url.port), `${head}\r\n\r\n${GRANT}`)
    return `${answer?.status} ${String((JSON.parse(answer?.body ?? '') as Record<string, unknown>)['error'])}`
  }
  t.equal(await ask(`Authorization: ${authorization}`), '200 undefined')
  t.equal(await ask(`Authorization: ${authorization}`, `Authorization: ${authorization}`), BAD)
  t.equal(await ask(`Authorization: ${authorization}`, 'authorization: Bearer x'), BAD)
  t.equal(await ask('Authorization:', `AUTHORIZATION: ${authorization}`), BAD)
})

t.test('no parameter is taken from the query, and no other method is answered', async (t) => {
  const answer = await form(app, `/oauth2/token?${GRANT}&${CREDENTIALS}`, '')
  t.equal(oauthOutcome(answer), BAD)
  t.equal(oauthOutcome(await form(app, `/oauth2/token?${CREDENTIALS}`, GRANT)), '401 invalid_client')
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'] as const) {
    const other = await app.send(method, `/oauth2/token?${GRANT}&${CREDENTIALS}`)
    t.equal(oauthOutcome(other), '405 invalid_request', method)
    t.equal(other.headers.allow, 'POST')
  }
})

t.test('the largest client that can be registered gets a token under 8 KiB', async (t) => {
  const permissions = Array.from({ length: 50 }, (_, i) => `p${String(i).padStart(2, '0')}:${'x'.repeat(36)}`)
  t.equal(permissions[0]?.length, 40)
  const audience = 'https://'.padEnd(256, '"')
  const largest = await makeClient(app, admin, { name: 'x'.repeat(100), permissions, audiences: [audience] })
  const token = await clientToken(app, largest, { resource: audience })
  t.ok(token.length < MOST_TOKEN_BYTES, `${token.length} octets`)
  t.equal(String(claimsOf(token)['scope']).split(' ').length, 50)
  t.match(app.app.tokens.introspect(token), { good: true })
  t.equal(
    outcome(
      await app.send('PATCH', `${CLIENTS}/${largest.id}`, {
        token: admin,
        body: { permissions: [...permissions, 'a:b'] }
      })
    ),
    '400 validation_failed'
  )
})
