// Fastify with nothing but the route, its schema and the same response headers. LOG=1: with its default log.
import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { answerQuestions } from './answering.ts'
import { ANSWER, HEADERS, SCHEMA } from './route.ts'

const app = Fastify({ logger: process.env['LOG'] === '1' })
app.addHook('onRequest', (request, reply, done) => {
  reply.headers(HEADERS)
  reply.header('x-request-id', request.id)
  done()
})
app.get('/bench/anyone', { schema: SCHEMA }, async () => ANSWER)
await app.listen({ host: '127.0.0.1', port: 0 })

answerQuestions({ port: () => (app.server.address() as AddressInfo).port })
