import fp from 'fastify-plugin'
import { Problem } from '../src/domain/problems.ts'
import { asProblem } from '../src/http/problem-mapping.ts'
import { logFault, sendProblem } from '../src/http/problem-reply.ts'
import { ProblemSchema } from '../src/http/problem-schema.ts'

/**
 * Answers everything that is thrown, anywhere, with a problem (RFC 9457). A scope whose errors have another form, such as
 * that of RFC 6749 section 5.2, sets an error handler of its own and uses `asProblem` and `logFault` as this one does.
 */
export default fp(
  async (app) => {
    app.addSchema(ProblemSchema)
    app.setErrorHandler((error, request, reply) => {
      const problem = asProblem(error)
      logFault(request, problem)
      return sendProblem(reply, problem)
    })
    // For routes that say themselves that there is nothing; what no route matches is refused sooner, by `methods`.
    app.setNotFoundHandler(() => {
      throw new Problem('not_found')
    })
  },
  { name: 'problems', fastify: '5.x', dependencies: ['request-log', 'security-headers'] }
)
