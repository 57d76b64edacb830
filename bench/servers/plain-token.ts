// Fastify with nothing but a token route: what one writes first. Its client is in memory, or in PostgreSQL where DATABASE_URL is given.
import { createHash, generateKeyPairSync, randomUUID, timingSafeEqual } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import fastifyJwt from '@fastify/jwt'
import Fastify from 'fastify'
import postgres from 'postgres'
import { Type } from '@sinclair/typebox'
import { answerQuestions } from './answering.ts'
import { ISSUER, JWT_RESOURCE, newSecret, SCOPE, type Client } from './issuing.ts'

const LIFETIME_SECONDS = 900
const client: Client = { id: randomUUID(), secret: newSecret() }
const hashOf = (secret: string) => createHash('sha256').update(secret).digest()

interface StoredClient {
  readonly id: string
  readonly secret_hash: Uint8Array
  readonly scope: string
}
const stored: StoredClient = { id: client.id, secret_hash: hashOf(client.secret), scope: SCOPE }

async function findInPostgres(url: string) {
  const sql = postgres(url, { max: 10 })
  await sql`create table plain_clients (id uuid primary key, secret_hash bytea not null, scope text not null)`
  await sql`insert into plain_clients values (${stored.id}, ${Buffer.from(stored.secret_hash)}, ${stored.scope})`
  return async (id: string) => {
    const [row] = await sql<StoredClient[]>`select id, secret_hash, scope from plain_clients where id = ${id}`
    return row
  }
}
const clients = new Map([[stored.id, stored]])
const { DATABASE_URL: url } = process.env
const find = url === undefined ? async (id: string) => clients.get(id) : await findInPostgres(url)

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
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
  done(null, Object.fromEntries(new URLSearchParams(String(body))))
})
const schema = {
  body: Type.Object({ grant_type: Type.Literal('client_credentials'), resource: Type.Literal(JWT_RESOURCE) }),
  response: {
    200: Type.Object({
      access_token: Type.String(),
      token_type: Type.String(),
      expires_in: Type.Integer(),
      scope: Type.String()
    })
  }
}
app.post('/oauth2/token', { schema }, async (request, reply) => {
  const { authorization = '' } = request.headers
  const [id = '', secret = ''] = Buffer.from(authorization.slice('Basic '.length), 'base64').toString().split(':')
  const found = await find(decodeURIComponent(id))
  const hash = hashOf(decodeURIComponent(secret))
  if (found === undefined || !timingSafeEqual(found.secret_hash, hash)) {
    throw Object.assign(new Error('invalid_client'), { statusCode: 401 })
  }
  const iat = Math.floor(Date.now() / 1000)
  const access_token = app.jwt.sign({
    iss: ISSUER,
    aud: JWT_RESOURCE,
    sub: found.id,
    iat,
    exp: iat + LIFETIME_SECONDS,
    jti: randomUUID(),
    client_id: found.id,
    scope: found.scope
  })
  reply.header('cache-control', 'no-store')
  return { access_token, token_type: 'Bearer', expires_in: LIFETIME_SECONDS, scope: found.scope }
})
await app.listen({ host: '127.0.0.1', port: 0 })

answerQuestions({ port: () => (app.server.address() as AddressInfo).port, client: () => client })
