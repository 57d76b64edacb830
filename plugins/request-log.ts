import fp from 'fastify-plugin'
import { logWhenDone } from '../src/http/log-requests.ts'

export interface RequestLogOptions {
  readonly silent: boolean
}

/** One line for each request, and its id on each answer. Comes first, so that nothing is answered without. */
export default fp(
  async (app, { silent }: RequestLogOptions) => {
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      if (!silent) logWhenDone(request, reply)
      done()
    })
  },
  { name: 'request-log', fastify: '5.x' }
)
