// Refresh as one writes it first: a token under a MAC, one UPDATE of one row, a signature. AUDIT=1: the same statement writes a
// row of what was done. It checks nothing else.
import { createHmac, generateKeyPairSync, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import fastifyJwt from '@fastify/jwt'
import { Type } from '@sinclair/typebox'
import Fastify from 'fastify'
import postgres from 'postgres'
import { atOnce } from '../support/at-once.ts'
import { answerQuestions } from './answering.ts'

const LIFETIME_SECONDS = 900
const POOL_SIZE = 10
const ROWS_A_STATEMENT = 1000

const { DATABASE_URL: url = '', AUDIT: audit, TABLE: table = 'plain_sessions' } = process.env
const sql = postgres(url, { max: POOL_SIZE, onnotice: () => undefined })
const audited = audit === '1'
await sql`create table if not exists plain_audit (id uuid primary key, at timestamptz not null default now(), action text not null, subject uuid not null, ip text, request_id text)`
await sql`create table ${sql(table)} (id uuid primary key, user_id uuid not null, counter int not null default 0, used_at timestamptz, expires_at timestamptz not null)`

const ids: string[] = []
interface Turned {
  readonly user_id: string
}
const turn = (id: string, counter: number): Promise<readonly Turned[]> => sql<Turned[]>`
  update ${sql(table)} set counter = counter + 1, used_at = now()
  where id = ${id} and counter = ${counter} and expires_at > now() returning user_id`
const turnAudited = (id: string, counter: number, ip: string, requestId: string): Promise<readonly Turned[]> =>
  sql<Turned[]>`
  with turned as (
    update ${sql(table)} set counter = counter + 1, used_at = now()
    where id = ${id} and counter = ${counter} and expires_at > now() returning user_id
  ), audit as (
    insert into plain_audit (id, action, subject, ip, request_id)
    select ${randomUUID()}, 'session.refreshed', user_id, ${ip}, ${requestId} from turned
  )
  select user_id from turned`

const secret = randomBytes(32)
const macOf = (text: string) => createHmac('sha256', secret).update(text).digest('base64url')
const tokenOf = (id: string, counter: number) => `${id}.${counter}.${macOf(`${id}.${counter}`)}`
function readToken(token: string) {
  const [id = '', counter = '', mac = ''] = token.split('.')
  const right = Buffer.from(macOf(`${id}.${counter}`))
  const presented = Buffer.from(mac)
  return presented.length === right.length && timingSafeEqual(presented, right)
    ? { id, counter: Number(counter) }
    : null
}

const { privateKey, publicKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' }
})
const app = Fastify()
await app.register(fastifyJwt, {
  secret: { private: privateKey, public: publicKey },
  sign: { algorithm: 'ES256', kid: 'es256-1' }
})
const schema = {
  body: Type.Object({ refresh_token: Type.String() }),
  response: {
    200: Type.Object({
      access_token: Type.String(),
      token_type: Type.String(),
      expires_in: Type.Integer(),
      refresh_token: Type.String()
    })
  }
}
const invalid = () => Object.assign(new Error('invalid_token'), { statusCode: 401 })
app.post<{ Body: { readonly refresh_token: string } }>('/refresh', { schema }, async (request) => {
  const token = readToken(request.body.refresh_token)
  if (token === null) throw invalid()
  const { id, counter } = token
  const [row] = audited ? await turnAudited(id, counter, request.ip, request.id) : await turn(id, counter)
  if (row === undefined) throw invalid()
  const iat = Math.floor(Date.now() / 1000)
  const access_token = app.jwt.sign({
    iss: 'http://localhost:3000',
    aud: 'latchkey-api',
    sub: row.user_id,
    iat,
    exp: iat + LIFETIME_SECONDS,
    jti: randomUUID(),
    sid: id
  })
  return {
    access_token,
    token_type: 'Bearer',
    expires_in: LIFETIME_SECONDS,
    refresh_token: tokenOf(id, counter + 1)
  }
})
await app.listen({ host: '127.0.0.1', port: 0 })

answerQuestions({
  port: () => (app.server.address() as AddressInfo).port,
  async open(count) {
    const expires_at = new Date(Date.now() + 86_400_000)
    for (let begun = 0; begun < count; begun += ROWS_A_STATEMENT) {
      const rows = Array.from({ length: Math.min(ROWS_A_STATEMENT, count - begun) }, () => ({
        ...{ id: randomUUID(), user_id: randomUUID(), expires_at }
      }))
      await sql`insert into ${sql(table)} ${sql(rows)}`
      ids.push(...rows.map(({ id }) => id))
    }
    await sql`analyze`
  },
  tokensOf: (counter) => ids.map((id) => tokenOf(id, counter)),
  /** The UPDATE alone, without a server around it. */
  turn: (counter) =>
    atOnce(ids, async (id) => {
      const { length } = await turn(id, counter)
      if (length !== 1) throw new Error('A row was not updated.')
    })
})
