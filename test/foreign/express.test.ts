import { once } from 'node:events'
import { createServer } from 'node:http'
import express from 'express'
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer'
import t from 'tap'
import { startAtAddress } from '../support/foreign.ts'

const LEDGER = 'https://ledger.example.com'

const service = await startAtAddress(t)
const client = await service.register({ permissions: ['entries:read', 'entries:write'], audiences: [LEDGER] })

/** A token for the ledger, unless `resource` is another or empty, which means the authorization server itself. */
async function tokenWith(scope: string, resource = LEDGER): Promise<string> {
  const form = { grant_type: 'client_credentials', client_id: client.id, client_secret: client.secret, scope, resource }
  const answer = await service.send('POST', '/oauth2/token', { form })
  return answer.json<{ access_token: string }>().access_token
}

/** A service as somebody builds it with Express, who knows where the issuer is and nothing more. */
async function startLedger(): Promise<string> {
  const ledger = express()
  // Strict: the claims and the type of RFC 9068 are asked for.
  ledger.use(auth({ issuerBaseURL: service.issuer, audience: LEDGER, strict: true }))
  ledger.get('/entries', requiredScopes('entries:read'), (request, response) => {
    response.json(request.auth?.payload)
  })
  // Express would print what it refuses.
  const quiet: express.ErrorRequestHandler = (error, _request, response, _next) => {
    response.status(error.status).set(error.headers).end()
  }
  ledger.use(quiet)
  const server = createServer(ledger).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

const ledger = await startLedger()
async function ask(token?: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const response = await fetch(`${ledger}/entries`, { headers })
  const said = response.headers.get('www-authenticate') ?? ''
  const error = /error="(\w+)"/.exec(said)?.[1]
  const body: unknown = response.ok ? await response.json() : null
  return { outcome: [response.status, ...(error === undefined ? [] : [error])].join(' '), body }
}

t.test('a service behind express-oauth2-jwt-bearer lets in who has a token for it with the scope', async (t) => {
  const { outcome, body } = await ask(await tokenWith('entries:read'))
  t.equal(outcome, '200')
  t.match(body, { iss: service.issuer, aud: LEDGER, sub: client.id, client_id: client.id, scope: 'entries:read' })
  t.equal((await ask(await tokenWith('entries:read entries:write'))).outcome, '200')
})

t.test('a service behind express-oauth2-jwt-bearer keeps everybody else out', async (t) => {
  t.equal((await ask()).outcome, '401')
  t.equal((await ask(await tokenWith('entries:write'))).outcome, '403 insufficient_scope')
  t.equal((await ask(await tokenWith('entries:read', ''))).outcome, '401 invalid_token', 'for latchkey-api')
})

t.test('a service behind express-oauth2-jwt-bearer goes on over a rotation of the keys', async (t) => {
  const earlier = await tokenWith('entries:read')
  t.equal((await service.send('POST', '/api/v1/keys/rotate', { token: service.admin })).statusCode, 201)
  const later = await tokenWith('entries:read')
  t.not(earlier.split('.')[0], later.split('.')[0], 'signed with another key')
  t.equal((await ask(earlier)).outcome, '200')
  t.equal((await ask(later)).outcome, '200')
})
