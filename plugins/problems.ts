import fp from 'fastify-plugin'
import { answerErrors, sendProblem } from '../src/http/problem-reply.ts'
import { ProblemSchema } from '../src/http/problem-schema.ts'

/**
 * Answers everything that is thrown, anywhere, with a problem (RFC 9457). A scope whose errors have another form, such as
 * that of RFC 6749 section 5.2, uses `answerErrors` with its own.
 */
export default fp(
  async (app) => {
    app.addSchema(ProblemSchema)
    answerErrors(app, sendProblem)
  },
  { name: 'problems', fastify: '5.x', dependencies: ['request-log', 'security-headers'] }
)
