// Fastify with one route and its default log, started as it would be in production: no loader, no flags.
import Fastify from 'fastify'

const app = Fastify({ logger: true })
const schema = { response: { 200: { type: 'object', properties: { status: { type: 'string' } } } } }
app.get('/health', { schema }, async () => ({ status: 'ok' }))
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
