// The service as it is built, with its settings from the environment, and two routes that differ in their guard alone.
import { generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type * as App from '../../src/app.ts'
import type * as Config from '../../src/config.ts'
import type * as ClientSecret from '../../src/domain/client-secret.ts'
import type * as Permissions from '../../src/domain/permissions.ts'
import type * as RefreshTokens from '../../src/domain/refresh-token.ts'
import type * as Guards from '../../src/http/guards.ts'
import { addressAt, PASSWORD } from '../support/people.ts'
import { answerQuestions } from './answering.ts'
import { claimsOf } from './claims.ts'
import { type Client, JWT_RESOURCE, SCOPE } from './issuing.ts'
import { ANSWER, SCHEMA } from './route.ts'
import { openableSessions } from './sessions.ts'

/** Modules of the production build; their types are those of the sources. */
const built = (path: string): Promise<unknown> => import(new URL(`../../dist/src/${path}.js`, import.meta.url).href)
const { buildApp } = (await built('app')) as typeof App
const { loadConfig } = (await built('config')) as typeof Config
const { newClientSecret } = (await built('domain/client-secret')) as typeof ClientSecret
const { createRoleBook } = (await built('domain/permissions')) as typeof Permissions
const { anyone, requireRole } = (await built('http/guards')) as typeof Guards

const refreshTokens = (await built('domain/refresh-token')) as typeof RefreshTokens

const config = loadConfig(process.env)
const app = await buildApp(config, {
  async routes(scope) {
    scope.get('/bench/anyone', { preHandler: anyone, schema: SCHEMA }, async () => ANSWER)
    scope.get('/bench/guarded', { preHandler: requireRole('admin'), schema: SCHEMA }, async () => ANSWER)
  }
})
await app.listen({ host: '127.0.0.1', port: 0 })

const sessions = openableSessions(app, config.databaseUrl, refreshTokens)

answerQuestions({
  port: () => (app.server.address() as AddressInfo).port,
  client: newClient,
  open: (count) => sessions.open(count),
  tokensOf: (turn) => sessions.tokensOf(turn),
  turn: (turn) => sessions.refresh(turn),
  tokens: (count) => Array.from({ length: count }, newToken),
  signatures: microsecondsASignature,
  /** So many accounts that all have the same hash. */
  async people(count) {
    const rows = Array.from({ length: count }, (_, number) => ({ id: uuidv7(), email: addressAt(number) }))
    await app.database.run(sql`
      insert into users (id, email, email_key, password_hash)
      select id, email, email, ${await app.passwords.hash(PASSWORD)}
      from json_to_recordset(${JSON.stringify(rows)}::json) as r(id uuid, email text)`)
  },
  revoke(count) {
    const until = app.revocations.now() + 3_600_000
    for (let each = 0; each < count; each += 1) {
      const kind = each % 2 === 0 ? 'token' : 'session'
      const id = each % 2 === 0 ? randomUUID() : uuidv7()
      app.revocations.apply([{ kind, id, staleBelow: null, revokedBelow: null, until }])
    }
  }
})

const scope = createRoleBook(config.roles).permissionsOf(['admin']).join(' ')

/** A token as a sign-in gives it, of an administrator of its own. A guard looks nobody up, so there is no record. */
const newToken = () => app.keys.sign({ ...claimsOf(config.issuer, config.audience, config.accessTokenSeconds), scope })

/** What the check of one ES256 signature of a token takes, with nothing around it. */
function microsecondsASignature(count: number): number {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signed = Array.from({ length: count }, () => {
    const input = Buffer.from(newToken().slice(0, -'.'.length - 86))
    return { input, signature: sign('sha256', input, { key: privateKey, dsaEncoding: 'ieee-p1363' }) }
  })
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  const start = performance.now()
  const good = signed.filter(({ input, signature }) => verify('sha256', input, key, signature)).length
  if (good < count) throw new Error('A signature is not good.')
  return ((performance.now() - start) / count) * 1000
}

/** A registered client that may ask for tokens for itself, and what tokens are. */
async function newClient(): Promise<Client> {
  const { secret, stored } = newClientSecret()
  const permissions = SCOPE.split(' ')
  const act = { actor: null, ip: null, requestId: null }
  const client = { id: uuidv7(), name: 'nightly-job', permissions, audiences: [JWT_RESOURCE], publicJwk: null }
  const { id } = await app.clients.create(client, stored, act)
  return { id, secret }
}
