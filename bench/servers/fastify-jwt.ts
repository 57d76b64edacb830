// Fastify with @fastify/jwt as its README shows. ALGORITHM: HS256 or ES256. CACHE=1: with its cache of verified tokens.
// DATABASE_URL: with a look-up in PostgreSQL for each request, which is what makes such a token revocable.
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import fastifyJwt from '@fastify/jwt'
import Fastify from 'fastify'
import postgres from 'postgres'
import { answerQuestions } from './answering.ts'
import { claimsOf } from './claims.ts'
import { ANSWER, HEADERS, SCHEMA } from './route.ts'

const { ALGORITHM: algorithm = 'HS256', CACHE, DATABASE_URL: databaseUrl } = process.env
const app = Fastify()
app.addHook('onRequest', (request, reply, done) => {
  reply.headers(HEADERS)
  reply.header('x-request-id', request.id)
  done()
})
const cache = CACHE === '1'
if (algorithm === 'ES256') {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
    publicKeyEncoding: { format: 'pem', type: 'spki' }
  })
  await app.register(fastifyJwt, {
    secret: { private: privateKey, public: publicKey },
    sign: { algorithm },
    verify: { algorithms: [algorithm], cache }
  })
} else {
  await app.register(fastifyJwt, { secret: randomUUID(), verify: { cache } })
}

const sql = databaseUrl === undefined ? null : postgres(databaseUrl, { max: 10 })
if (sql !== null) await sql`create table if not exists looked_up (id uuid primary key, ended_at timestamptz)`

app.get(
  '/bench/guarded',
  {
    schema: SCHEMA,
    onRequest: async (request) => {
      await request.jwtVerify()
      if (sql === null) return
      const { sid } = request.user as { readonly sid: string }
      const [session] = await sql`select id from looked_up where id = ${sid} and ended_at is null`
      if (session === undefined) throw Object.assign(new Error('The session is over.'), { statusCode: 401 })
    }
  },
  async () => ANSWER
)
await app.listen({ host: '127.0.0.1', port: 0 })

answerQuestions({
  port: () => (app.server.address() as AddressInfo).port,
  async tokens(count) {
    const all = Array.from({ length: count }, () => claimsOf('http://localhost:3000', 'latchkey-api', 900))
    if (sql !== null) {
      await sql`insert into looked_up (id) select id::uuid from unnest(${all.map(({ sid }) => sid)}::text[]) as t(id)`
    }
    return all.map((claims) => app.jwt.sign(claims))
  }
})
