import t from 'tap'
import { join, startApp } from '../support/app.ts'
import { newAdmin, newEmail } from '../support/callers.ts'
import { operationsOf, verdict } from '../support/operations.ts'
import { inject } from '../support/inject.ts'

t.setTimeout(120_000)
const app = await startApp(t, { RATE_LIMIT: 'off' })
const { accessToken: token } = await newAdmin(app)
const NOBODY = '01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01'
const operations = await operationsOf(app)

const JSON_TYPE = 'application/json'
/** Bodies that are none, whatever they say that they are. */
const NONE = [
  {},
  { 'content-type': JSON_TYPE },
  { 'content-type': 'text/csv' },
  { 'content-type': 'application/x-www-form-urlencoded' },
  { 'content-type': 'multipart/form-data; boundary=x' },
  { 'content-type': 'not a type' },
  { 'content-type': JSON_TYPE, 'content-length': '0' },
  { 'content-type': 'text/csv', 'content-length': '0' },
  { 'content-length': '0' }
] as const

/** What each operation answers that was asked as it should be: about nobody, or by an administrator. */
const RIGHT: Readonly<Record<string, string>> = {
  'POST /api/v1/auth/refresh': '401 invalid_refresh_token',
  'POST /api/v1/auth/logout': '204',
  'POST /api/v1/auth/logout-all': '204',
  'POST /api/v1/keys/rotate': '201',
  'POST /api/v1/keys/:kid/revoke': '404 not_found',
  'DELETE /api/v1/users/:id': '404 not_found',
  'POST /api/v1/users/:id/revoke': '404 not_found',
  'POST /api/v1/users/:id/password-reset': '404 not_found',
  'DELETE /api/v1/clients/:id': '404 not_found',
  'POST /api/v1/clients/:id/secrets': '404 not_found',
  'DELETE /api/v1/clients/:id/secrets/:secret_id': '404 not_found'
}

const withoutBody = operations.filter(({ method, bodyRequired }) => method !== 'GET' && !bodyRequired)

t.test('there is an expectation for every operation that can go without a body', (t) => {
  t.strictSame(withoutBody.map(({ name }) => name).sort(), Object.keys(RIGHT).sort())
  t.end()
})

for (const operation of withoutBody) {
  const { name, method, url, body } = operation
  const send = async (headers: Readonly<Record<string, string>>, payload?: string | Buffer, as = token) =>
    verdict(
      await inject(app.app, {
        method,
        url: url(NOBODY),
        headers: { authorization: `Bearer ${as}`, ...headers },
        ...(payload !== undefined && { payload })
      }),
      operation
    )

  t.test(`${name} goes without a body, of any media type`, async (t) => {
    for (const headers of NONE) {
      // Some of these sign out whoever asks.
      const { accessToken } = await newAdmin(app)
      t.equal(await send(headers, undefined, accessToken), RIGHT[name], JSON.stringify(headers))
    }
    const { accessToken } = await newAdmin(app)
    t.equal(await send({ 'content-type': JSON_TYPE }, '{}', accessToken), RIGHT[name], 'nothing is as good as {}')
  })

  if (body !== null) continue
  t.test(`${name} does not overlook a body: it was meant to do something`, async (t) => {
    const json = { 'content-type': JSON_TYPE }
    for (const [payload, expected] of [
      ['{"disabled":true}', '400 validation_failed /disabled'],
      ['{"a":"\\u0000","b/":1}', '400 validation_failed /a'],
      ['{"a/b":1,"c":2}', '400 validation_failed /a~1b /c'],
      ['{"a":"\\ud800"}', '400 validation_failed /a'],
      [`{"${'n'.repeat(1000)}":1}`, '400 validation_failed '],
      ['[]', '400 validation_failed '],
      ['null', '400 validation_failed '],
      ['"x"', '400 validation_failed '],
      ['0', '400 validation_failed '],
      ['{', '400 malformed_json'],
      ['{"a":1,"a":2}', '400 malformed_json'],
      [Buffer.from([0x22, 0xff, 0x22]), '400 malformed_json'],
      [`{"a":"${'x'.repeat(70_000)}"}`, '413 payload_too_large']
    ] as const) {
      t.equal(await send(json, payload), expected, payload.toString('latin1').slice(0, 40))
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16']) {
      t.equal(await send({ 'content-type': type }, '{"a":1}'), '415 unsupported_media_type', type)
    }
    t.equal(await send({}, '{"a":1}'), '415 unsupported_media_type', 'a body of no type')
  })
}

t.test('a GET takes no notice of a body, as HTTP has it', async (t) => {
  const { id } = await join(app, newEmail())
  for (const operation of operations.filter(({ method }) => method === 'GET')) {
    const url = operation.url(id)
    const plain = await app.send('GET', url, { token })
    for (const payload of ['{"a":1}', '{', 'x'.repeat(70_000)]) {
      for (const type of [JSON_TYPE, 'text/plain']) {
        const answer = await inject(app.app, {
          method: 'GET',
          url,
          payload,
          headers: { 'content-type': type, authorization: `Bearer ${token}` }
        })
        t.equal(verdict(answer, operation), verdict(plain, operation), `${operation.name} ${payload.slice(0, 10)}`)
      }
    }
  }
})
