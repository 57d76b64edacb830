// What one writes first: Fastify, @node-rs/argon2 and @fastify/jwt as their READMEs show them, one user in memory, no bound
// on hashes, no log; and a route that anybody may read.
import type { AddressInfo } from 'node:net'
import jwt from '@fastify/jwt'
import { hash, verify } from '@node-rs/argon2'
import { Type } from '@sinclair/typebox'
import Fastify from 'fastify'
import { argon2Options, PASSWORD } from '../support/people.ts'
import { answerQuestions } from './answering.ts'
import { ANSWER, SCHEMA } from './route.ts'

interface Credentials {
  readonly email: string
  readonly password: string
}
const body = Type.Object({ email: Type.String(), password: Type.String() })

const app = Fastify()
await app.register(jwt, { secret: 'a secret for benchmarks of more than 32 bytes' })
const user = { id: ANSWER.id, passwordHash: await hash(PASSWORD, argon2Options()) }
app.post<{ Body: Credentials }>('/login', { schema: { body } }, async (request, reply) => {
  const { email, password } = request.body
  if (!(await verify(user.passwordHash, password))) return reply.code(401).send()
  return { access_token: app.jwt.sign({ sub: user.id, email }, { expiresIn: '15m' }) }
})
app.get('/bench/anyone', { schema: SCHEMA }, async () => ANSWER)
await app.listen({ host: '127.0.0.1', port: 0 })

answerQuestions({ port: () => (app.server.address() as AddressInfo).port })
