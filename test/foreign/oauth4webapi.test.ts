import * as oauth from 'oauth4webapi'
import t from 'tap'
import { startAtAddress, type RegisteredClient } from '../support/foreign.ts'
import { discover, overHttp } from '../support/oauth4webapi.ts'
import { claimsOf } from '../support/reading.ts'

const LEDGER = 'https://ledger.example.com'
const service = await startAtAddress(t)
const server = await discover(service.issuer)
/** A refusal that comes with the scheme by which a client could authenticate (RFC 6749 section 5.2). */
const challenged = { code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', status: 401, cause: [{ scheme: 'basic' }] }

type Parameters = Readonly<Record<string, string>>

async function tokenFor({ id }: RegisteredClient, by: oauth.ClientAuth, parameters: Parameters = {}) {
  const client = { client_id: id }
  const response = await oauth.clientCredentialsGrantRequest(server, client, by, { ...parameters }, overHttp)
  return oauth.processClientCredentialsResponse(server, client, response)
}

async function introspect({ id }: RegisteredClient, by: oauth.ClientAuth, token: string) {
  const client = { client_id: id }
  const response = await oauth.introspectionRequest(server, client, by, token, overHttp)
  return oauth.processIntrospectionResponse(server, client, response)
}

async function revoke({ id }: RegisteredClient, by: oauth.ClientAuth, token: string): Promise<void> {
  const response = await oauth.revocationRequest(server, { client_id: id }, by, token, overHttp)
  await oauth.processRevocationResponse(response)
}

t.test('oauth4webapi finds the authorization server by its issuer alone', async (t) => {
  t.match(server, {
    issuer: service.issuer,
    token_endpoint: `${service.issuer}/oauth2/token`,
    jwks_uri: `${service.issuer}/.well-known/jwks.json`,
    grant_types_supported: ['client_credentials']
  })
})

t.test('oauth4webapi gets a token with a secret, in the header or in the form', async (t) => {
  const client = await service.register({ permissions: ['users:read', 'feed:write'] })
  for (const method of [oauth.ClientSecretBasic, oauth.ClientSecretPost]) {
    const answer = await tokenFor(client, method(client.secret))
    // The library lower-cases it (RFC 6749 section 5.1).
    t.match(answer, { token_type: 'bearer', expires_in: 900, scope: 'feed:write users:read' })
    t.match(claimsOf(answer.access_token), { iss: service.issuer, sub: client.id, client_id: client.id })
    const part = await tokenFor(client, method(client.secret), { scope: 'users:read' })
    t.equal(part.scope, 'users:read')
    t.equal((await service.send('GET', '/api/v1/users', { token: part.access_token })).statusCode, 200)
  }
})

t.test('oauth4webapi gets a token with an assertion that is signed with ES256 or EdDSA', async (t) => {
  for (const algorithm of ['ES256', 'Ed25519']) {
    const { privateKey, publicKey } = await oauth.generateKeyPair(algorithm, { extractable: true })
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey)
    const client = await service.register({ permissions: ['users:read'], public_jwk: { kty, crv, x, ...(y && { y }) } })
    t.equal((await tokenFor(client, oauth.PrivateKeyJwt(privateKey))).scope, 'users:read', algorithm)
    // The library says Ed25519 (RFC 9864) unless it is told; RFC 8037 says EdDSA.
    const byOlderName = oauth.PrivateKeyJwt(privateKey, {
      [oauth.modifyAssertion]: (header) => {
        if (header['alg'] === 'Ed25519') header['alg'] = 'EdDSA'
      }
    })
    t.equal((await tokenFor(client, byOlderName)).scope, 'users:read', algorithm)
    const another = await oauth.generateKeyPair(algorithm)
    await t.rejects(tokenFor(client, oauth.PrivateKeyJwt(another.privateKey)), challenged, 'signed with another key')
  }
})

t.test('oauth4webapi asks what a token is, and is told nothing of one that was taken back', async (t) => {
  const client = await service.register({ permissions: ['tokens:introspect', 'users:read'], audiences: [LEDGER] })
  const by = oauth.ClientSecretPost(client.secret)
  const { access_token: token } = await tokenFor(client, by, { scope: 'users:read', resource: LEDGER })
  const { exp, iat, jti, ...rest } = await introspect(client, by, token)
  t.strictSame(rest, {
    active: true,
    token_type: 'Bearer',
    iss: service.issuer,
    aud: LEDGER,
    sub: client.id,
    client_id: client.id,
    scope: 'users:read',
    ver: 1
  })
  t.match(claimsOf(token), { exp, iat, jti })
  await revoke(client, by, token)
  t.strictSame(await introspect(client, by, token), { active: false })
  await revoke(client, by, token)
  t.strictSame(await introspect(client, by, 'no token at all'), { active: false })
})

t.test('what oauth4webapi takes back for a client is refused by the service at once', async (t) => {
  const client = await service.register({ permissions: ['users:read'] })
  const by = oauth.ClientSecretBasic(client.secret)
  const { access_token: token } = await tokenFor(client, by)
  const statusOf = async () => (await service.send('GET', '/api/v1/users', { token })).statusCode
  t.equal(await statusOf(), 200)
  await revoke(client, by, token)
  t.equal(await statusOf(), 401)
})

t.test('oauth4webapi understands each refusal', async (t) => {
  const client = await service.register({ permissions: ['users:read'], audiences: [LEDGER] })
  const other = await service.register({})
  const by = oauth.ClientSecretBasic(client.secret)
  const wrong = oauth.ClientSecretBasic(other.secret)
  const refused = (error: string, status = 400) => ({ code: 'OAUTH_RESPONSE_BODY_ERROR', error, status })

  await t.rejects(tokenFor(client, wrong), challenged, 'the secret of another')
  await t.rejects(introspect(client, wrong, 'x'), challenged)
  await t.rejects(revoke(client, wrong, 'x'), challenged)
  await t.rejects(tokenFor(client, oauth.None()), challenged, 'no credential')
  await t.rejects(tokenFor(client, by, { scope: 'audit:read' }), refused('invalid_scope'))
  await t.rejects(tokenFor(client, by, { resource: 'https://elsewhere.example.com' }), refused('invalid_target'))
  await t.rejects(introspect(client, by, 'x'), refused('insufficient_scope', 403), 'without tokens:introspect')
  const { access_token: token } = await tokenFor(client, by)
  await t.rejects(revoke(other, wrong, token), refused('insufficient_scope', 403), 'the token of another')
  const password = await oauth.genericTokenEndpointRequest(
    server,
    { client_id: client.id },
    by,
    'password',
    {},
    overHttp
  )
  const processed = oauth.processGenericTokenEndpointResponse(server, { client_id: client.id }, password)
  await t.rejects(processed, refused('unsupported_grant_type'))
})
