import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import t from 'tap'
import { startApp } from '../support/app.ts'
import { makeIssuerKey, type KeyKind, type Said } from '../support/issuer.ts'

// An issuer that nobody here wrote: its discovery, its keys and its tokens, as they come.

t.setTimeout(120_000)
const RESOURCE = 'urn:example:latchkey'
const AUDIENCE = 'urn:example:audience'

/** One issuer whose client may ask for tokens for the service, which say what the client's groups are. */
async function startProvider(algorithm: KeyKind) {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { privateKey, jwk } = makeIssuerKey(`${algorithm}-1`, algorithm)
  const client = { client_id: 'nightly-job', client_secret: 'a secret of that issuer' }
  const provider = new Provider(url, {
    clients: [{ ...client, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: jwk['kid'], alg: algorithm, use: 'sig' }] },
    clientDefaults: { id_token_signed_response_alg: algorithm },
    extraTokenClaims: () => ({ groups: ['staff', 'everybody'] }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: 'posts:write',
          audience: resource === RESOURCE ? AUDIENCE : resource,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: algorithm } }
        })
      }
    }
  })
  server.on('request', provider.callback())
  const authorization = `Basic ${Buffer.from(
    `${client.client_id}:${encodeURIComponent(client.client_secret)}`
  ).toString('base64')}`
  return {
    url,
    async token(resource = RESOURCE): Promise<string> {
      const body = new URLSearchParams({ grant_type: 'client_credentials', resource, scope: 'posts:write' })
      const answer = await fetch(`${url}/token`, { method: 'POST', headers: { authorization }, body })
      const said = (await answer.json()) as Said
      if (!answer.ok) throw new Error(JSON.stringify(said))
      return String(said['access_token'])
    }
  }
}

for (const algorithm of ['ES256', 'EdDSA', 'RS256', 'PS256'] as const) {
  t.test(
    `a token of oidc-provider, signed with ${algorithm}, is accepted for its audience and with its roles`,
    async (t) => {
      const provider = await startProvider(algorithm)
      const app = await startApp(t, {
        ROLES: '{"editor": ["posts:write"], "reader": ["users:read"]}',
        OIDC_ISSUERS: JSON.stringify([
          {
            issuer: provider.url,
            audience: AUDIENCE,
            algorithms: [algorithm],
            role_claim: 'groups',
            role_map: { staff: 'reader' }
          }
        ])
      })
      const who = async (token: string) => {
        const answer = await app.send('GET', '/api/v1/auth/session', { token })
        return answer.statusCode === 200 ? answer.json<Said>() : answer.json<{ code: string }>().code
      }
      const token = await provider.token()
      const external = { issuer: provider.url, subject: 'nightly-job', roles: ['reader'] }
      t.strictSame(await who(token), { user: null, external })
      t.equal((await app.send('GET', '/api/v1/users', { token })).statusCode, 200, 'what its role grants it may do')
      t.equal((await app.send('GET', '/api/v1/audit', { token })).statusCode, 403, 'and nothing else')
      t.equal((await app.send('GET', '/api/v1/users/me', { token })).statusCode, 403)
      t.equal(await who(await provider.token('urn:example:other')), 'invalid_token', 'a token for another resource')
      t.equal(await who(`${token.slice(0, -8)}AAAAAAAA`), 'invalid_token', 'nor one with another signature')
    }
  )
}
