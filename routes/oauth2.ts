import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { takeForms } from '../src/http/form-body.ts'
import { sendOAuthError } from '../src/http/oauth-errors.ts'
import { answerErrors } from '../src/http/problem-reply.ts'
import introspectionRoutes, { type IntrospectionOptions } from './introspection.ts'
import revocationRoutes from './revocation.ts'
import revocationsRoutes from './revocations.ts'
import tokenRoutes from './token.ts'

/** What services ask for, with errors as RFC 6749 has them. */
const routes: FastifyPluginAsyncTypebox<IntrospectionOptions> = async (app, { roles }) => {
  answerErrors(app, sendOAuthError)
  await app.register(revocationsRoutes)
  takeForms(app)
  await app.register(tokenRoutes)
  await app.register(introspectionRoutes, { roles })
  await app.register(revocationRoutes)
}

export default fp(routes, { name: 'routes/oauth2', encapsulate: true, dependencies: ['auth', 'problems'] })
