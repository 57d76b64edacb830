import fp from 'fastify-plugin'

const EVERY_MILLISECONDS = 100

/**
 * Lets the server close as soon as the last answer is out. A connection that was busy when closing began and is kept alive
 * by its client would hold it open for as long as the client likes.
 */
export default fp(
  (app) => {
    let timer: NodeJS.Timeout | undefined
    app.addHook('preClose', (done) => {
      timer = setInterval(() => {
        app.server.closeIdleConnections()
      }, EVERY_MILLISECONDS)
      done()
    })
    app.addHook('onClose', (_app, done) => {
      clearInterval(timer)
      done()
    })
    return Promise.resolve()
  },
  { name: 'draining', fastify: '5.x' }
)
