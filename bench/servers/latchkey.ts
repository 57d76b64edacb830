// The service as it is built, with its settings from the environment, and two routes that differ in their guard alone.
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type * as App from '../../src/app.ts'
import type * as Config from '../../src/config.ts'
import type * as Permissions from '../../src/domain/permissions.ts'
import type * as Guards from '../../src/http/guards.ts'
import { addressAt, PASSWORD } from '../support/people.ts'
import { answerQuestions } from './answering.ts'
import { ANSWER, SCHEMA } from './route.ts'

/** Modules of the production build; their types are those of the sources. */
const built = (path: string): Promise<unknown> => import(new URL(`../../dist/src/${path}.js`, import.meta.url).href)
const { buildApp } = (await built('app')) as typeof App
const { loadConfig } = (await built('config')) as typeof Config
const { createRoleBook } = (await built('domain/permissions')) as typeof Permissions
const { anyone, requireRole } = (await built('http/guards')) as typeof Guards

const config = loadConfig(process.env)
const app = await buildApp(config, {
  async routes(scope) {
    scope.get('/bench/anyone', { preHandler: anyone, schema: SCHEMA }, async () => ANSWER)
    scope.get('/bench/guarded', { preHandler: requireRole('admin'), schema: SCHEMA }, async () => ANSWER)
  }
})
await app.listen({ host: '127.0.0.1', port: 0 })

answerQuestions({
  port: () => (app.server.address() as AddressInfo).port,
  tokens: (count) => Array.from({ length: count }, newToken),
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
function newToken(): string {
  const sub = uuidv7()
  const iat = Math.floor(app.revocations.now() / 1000)
  return app.keys.sign({
    iss: config.issuer,
    aud: config.audience,
    sub,
    iat,
    exp: iat + config.accessTokenSeconds,
    jti: randomUUID(),
    client_id: 'latchkey',
    ver: 0,
    scope,
    sid: uuidv7(),
    roles: ['admin'],
    email: `${sub}@example.com`
  })
}
