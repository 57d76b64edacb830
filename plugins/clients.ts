import fp from 'fastify-plugin'
import {
  createClientAuthentications,
  type AuthenticatedClient,
  type Authenticated,
  type NoClient
} from '../src/db/client-authentications.ts'
import { createClientChanges, type ClientChanges } from '../src/db/client-changes.ts'
import { createClientRepository, type ClientRepository } from '../src/db/clients.ts'
import { isSignedBy, readAssertion } from '../src/domain/client-assertion.ts'
import { hashOfClientSecret } from '../src/domain/client-secret.ts'
import { createHeldClients } from '../src/domain/held-clients.ts'
import { Problem } from '../src/domain/problems.ts'
import { clientBuckets } from '../src/domain/throttle.ts'
import { actOf } from '../src/http/act.ts'
import { clientCredentialsOf, type ClientCredentials, type ClientParameters } from '../src/http/client-credentials.ts'
import { invalidClient } from '../src/http/oauth-errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly clients: ClientRepository
    readonly clientChanges: ClientChanges
    /**
     * Who the client is that sent this request and form.
     *
     * @throws Problem `invalid_client`, `bad_request` for more than one method, `rate_limited` where too much has failed
     */
    readonly authenticateClient: (request: FastifyRequest, form: ClientParameters) => Promise<AuthenticatedClient>
  }
}

export interface ClientsOptions {
  readonly issuer: string
  /** Whether failures are counted. */
  readonly throttled: boolean
}

export default fp(
  (app, { issuer, throttled }: ClientsOptions) => {
    const { database, revocations } = app
    const authentications = createClientAuthentications(database)
    const clients = createClientRepository(database)
    const held = createHeldClients()
    revocations.hear(
      ({ kind, id }) => {
        if (kind === 'client') held.forget(id)
      },
      () => {
        held.forgetAll()
      }
    )
    app.decorate('clients', clients)
    app.decorate('clientChanges', createClientChanges(database, revocations.apply))

    app.decorate('authenticateClient', async (request, form) => {
      const credentials = clientCredentialsOf(request, form)
      const { clientId, outcome } = await judge(credentials)
      if ('client' in outcome) return outcome
      const buckets = throttled ? clientBuckets(request.ip, clientId) : []
      const wait = await authentications.fail(buckets, clientId, outcome.failed, actOf(request))
      if (wait !== null) throw new Problem('rate_limited', { retryAfterSeconds: wait })
      throw invalidClient()
    })

    async function judge(credentials: ClientCredentials): Promise<{ clientId: string; outcome: Authenticated }> {
      if (credentials.by === 'secret') {
        const { clientId, secret } = credentials
        return { clientId, outcome: await judgeSecret(clientId, hashOfClientSecret(secret)) }
      }
      const assertion = readAssertion(credentials.assertion, issuer, revocations.now())
      if ('wrong' in assertion) throw invalidClient(assertion.wrong)
      const { clientId } = assertion
      if (credentials.clientId !== null && credentials.clientId !== clientId) {
        throw invalidClient('client_id is another one than in the assertion.')
      }
      const client = await clients.find(clientId)
      if (client === null) return failed(clientId, 'unknown_client')
      if (client.disabledAt !== null) return failed(clientId, 'disabled')
      const { publicJwk } = client
      // The signature first: an assertion is used up only by who could make it.
      if (publicJwk === null || !isSignedBy(publicJwk, assertion)) return failed(clientId, 'wrong_assertion')
      return { clientId, outcome: await authentications.byAssertion({ id: clientId, publicJwk }, assertion) }
    }

    /**
     * Memory says yes, and only while it is known what has been taken from clients until half a second ago: here, other than
     * with a token, there is somebody else to ask. Everything else is the statement's to say.
     */
    async function judgeSecret(clientId: string, hash: Buffer): Promise<Authenticated> {
      const now = revocations.now()
      const client = revocations.isFresh() ? held.find(clientId, hash, now) : null
      if (client !== null) return { client, now }
      const hold = held.begin()
      const outcome = await authentications.bySecret(clientId, hash)
      if ('client' in outcome) hold(hash, outcome)
      return outcome
    }

    const failed = (clientId: string, reason: NoClient) => ({ clientId, outcome: { failed: reason } })
    return Promise.resolve()
  },
  { name: 'clients', fastify: '5.x', dependencies: ['database', 'revocations'] }
)
