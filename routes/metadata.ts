import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { anyone } from '../src/http/guards.ts'
import { getMetadata, metadataOf } from './metadata.schema.ts'

export interface MetadataOptions {
  readonly issuer: string
  /** Whether /docs is served. */
  readonly documented: boolean
}

/** Seconds for which a copy is good: nothing in it changes but with a new version or other settings. */
const MAX_AGE = 300

const routes: FastifyPluginAsyncTypebox<MetadataOptions> = async (app, { issuer, documented }) => {
  const metadata = metadataOf(issuer, documented)
  app.get('/oauth-authorization-server', { preHandler: anyone, schema: getMetadata }, async (_request, reply) => {
    reply.header('cache-control', `public, max-age=${MAX_AGE}`)
    return metadata
  })
}

export default fp(routes, { name: 'routes/metadata', encapsulate: true, dependencies: ['auth'] })
