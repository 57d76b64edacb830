import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { sendOAuthError } from '../src/http/oauth-errors.ts'
import { answerErrors } from '../src/http/problem-reply.ts'
import revocationRoutes from './revocations.ts'

/** What services ask for, with errors as RFC 6749 has them. */
const routes: FastifyPluginAsyncTypebox = async (app) => {
  answerErrors(app, sendOAuthError)
  await app.register(revocationRoutes)
}

export default fp(routes, { name: 'routes/oauth2', encapsulate: true, dependencies: ['auth', 'problems'] })
