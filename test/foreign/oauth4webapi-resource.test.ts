import * as oauth from 'oauth4webapi'
import t from 'tap'
import { join } from '../support/app.ts'
import { mint } from '../support/callers.ts'
import { startAtAddress, tampered } from '../support/foreign.ts'
import { discover, overHttp } from '../support/oauth4webapi.ts'
import { claimsOf } from '../support/reading.ts'

const LEDGER = 'https://ledger.example.com'

/** What a service does that has nothing of ours but the issuer's address. */
const validate = (server: oauth.AuthorizationServer, token: string, audience: string) => {
  const request = new Request(`${LEDGER}/entries`, { headers: { authorization: `Bearer ${token}` } })
  return oauth.validateJwtAccessToken(server, request, audience, overHttp)
}

for (const algorithm of ['ES256', 'EdDSA']) {
  t.test(`a service that verifies with oauth4webapi takes ${algorithm} tokens that are for it`, async (t) => {
    const service = await startAtAddress(t, { JWT_ALGORITHM: algorithm })
    const server = await discover(service.issuer)
    const { id, secret } = await service.register({ permissions: ['users:read', 'entries:add'], audiences: [LEDGER] })
    const client = { client_id: id }
    const by = oauth.ClientSecretBasic(secret)
    async function tokenWith(parameters: Record<string, string>): Promise<string> {
      const response = await oauth.clientCredentialsGrantRequest(server, client, by, parameters, overHttp)
      return (await oauth.processClientCredentialsResponse(server, client, response)).access_token
    }
    const forLedger = await tokenWith({ resource: LEDGER, scope: 'entries:add' })
    const forUs = await tokenWith({})

    const claims = await validate(server, forLedger, LEDGER)
    t.strictSame(claims, claimsOf(forLedger))
    t.match(claims, { iss: service.issuer, aud: LEDGER, sub: id, client_id: id, scope: 'entries:add' })
    t.match(await validate(server, forUs, 'latchkey-api'), { aud: 'latchkey-api', scope: 'entries:add users:read' })
    const person = await join(service, 'ada@example.com')
    const claimsOfPerson = await validate(server, person.accessToken, 'latchkey-api')
    t.match(claimsOfPerson, { sub: person.id, client_id: 'latchkey', roles: [] })

    const elsewhere = { code: 'OAUTH_JWT_CLAIM_COMPARISON_FAILED', cause: { claim: 'aud' } }
    await t.rejects(validate(server, forLedger, 'latchkey-api'), elsewhere, 'and no other')
    await t.rejects(validate(server, forUs, LEDGER), elsewhere)
    t.equal((await service.send('GET', '/api/v1/users', { token: forLedger })).statusCode, 401, 'nor by the service')
    const changed = tampered(forLedger, { scope: 'entries:add users:read' })
    await t.rejects(validate(server, changed, LEDGER), { message: 'JWT signature verification failed' })
    const past = Math.floor(Date.now() / 1000) - 1000
    const expired = mint(service, { ...claims, iat: past, exp: past + 900 })
    await t.rejects(validate(server, expired, LEDGER), { code: 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED' })
  })
}
