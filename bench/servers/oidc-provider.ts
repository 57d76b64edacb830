// oidc-provider, issuing from memory to one client that asks for itself: JWTs for one resource, opaque tokens for another.
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import { answerQuestions } from './answering.ts'
import { ISSUER, JWT_RESOURCE, newSecret, SCOPE } from './issuing.ts'

const ALGORITHM = 'ES256'
const client = { id: 'nightly-job', secret: newSecret() }
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const provider = new Provider(ISSUER, {
  clients: [
    {
      client_id: client.id,
      client_secret: client.secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: []
    }
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'es256-1', alg: ALGORITHM, use: 'sig' }] },
  clientDefaults: { id_token_signed_response_alg: ALGORITHM },
  ttl: { ClientCredentials: 900 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context: unknown, resource: string) => ({
        scope: SCOPE,
        audience: resource,
        accessTokenFormat: resource === JWT_RESOURCE ? 'jwt' : 'opaque',
        jwt: { sign: { alg: ALGORITHM } }
      })
    }
  }
})
const server = createServer(provider.callback())
server.listen(0, '127.0.0.1')
await once(server, 'listening')

answerQuestions({ port: () => (server.address() as AddressInfo).port, client: () => client })
