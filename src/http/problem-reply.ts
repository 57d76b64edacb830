import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Problem, type ProblemCode } from '../domain/problems.ts'
import { problemHeaders, problemText } from './problem-json.ts'
import { asProblem } from './problem-mapping.ts'

const MAY_CLOSE: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['bad_request', 'headers_too_large'])

/** Answers with the problem. Headers that were set before stay, such as those of CORS and a cookie that is cleared. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  // Fastify would close the connection after every body that it could not use. It is closed only where it is no longer known
  // where the next request begins; else Node reads on and drops what is left of the body, so that a client that is still
  // sending gets to see the answer instead of a reset (bounded by the time that a request may take).
  if (!MAY_CLOSE.has(problem.code)) reply.removeHeader('connection')
  return (
    reply
      .code(problem.status)
      .headers(problemHeaders(problem))
      // Bytes, because Fastify adds a charset to the media type of a text, and a serializer to what is neither.
      .send(Buffer.from(problemText(problem, reply.request.id)))
  )
}

/** Answers whatever is thrown in this scope with what `send` makes of it, and what no route of it matches. */
export function answerErrors(
  scope: FastifyInstance,
  send: (reply: FastifyReply, problem: Problem) => FastifyReply
): void {
  scope.setErrorHandler((error, request, reply) => {
    const problem = asProblem(error)
    logFault(request, problem)
    return send(reply, problem)
  })
  // For routes that say themselves that there is nothing. What no route matches is refused sooner, by the plugin `methods`,
  // and answered from the scope whose prefix the path has.
  scope.setNotFoundHandler(() => {
    throw new Problem('not_found')
  })
}

/** Writes down what no client may see. A refusal is no fault: what it is about is in the request's own line. */
export function logFault(request: FastifyRequest, problem: Problem): void {
  const { cause } = problem.details
  if (problem.code === 'internal_error') request.log.error({ err: cause ?? problem }, 'The request failed.')
  else if (problem.status >= 500 && cause !== undefined) request.log.warn({ err: cause }, problem.message)
}
