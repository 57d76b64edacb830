import SerializerSelector from '@fastify/fast-json-stringify-compiler'
import { madeAtFirstCall } from './first-call.ts'
import { PROBLEM_TYPE } from './problem-json.ts'

type Factory = ReturnType<typeof SerializerSelector>

const compileAnswers = SerializerSelector()

/**
 * Fastify's own serializers, each compiled with the first answer that it writes: a service has a hundred, a start needs one.
 * None for problems, which are described on every route, half a dozen each, and written by `problemText`.
 */
export const buildSerializer: Factory = (shared, options) => {
  const compile = compileAnswers(shared, options)
  return (answer) =>
    'contentType' in answer && answer.contentType === PROBLEM_TYPE
      ? JSON.stringify
      : madeAtFirstCall(() => compile(answer))
}
