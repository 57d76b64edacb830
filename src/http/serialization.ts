import SerializerSelector from '@fastify/fast-json-stringify-compiler'
import { PROBLEM_TYPE } from './problem-json.ts'

type Factory = ReturnType<typeof SerializerSelector>

const compileAnswers = SerializerSelector()

/**
 * Fastify's own serializers, but none for problems. They are described on every route, half a dozen each, and written by
 * `problemText`: compiling what never runs would cost a fifth of a second at every start.
 */
export const buildSerializer: Factory = (shared, options) => {
  const compile = compileAnswers(shared, options)
  return (answer) => ('contentType' in answer && answer.contentType === PROBLEM_TYPE ? JSON.stringify : compile(answer))
}
