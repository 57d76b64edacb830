import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { v7 as uuidv7 } from 'uuid'
import { readPublicJwk } from '../src/domain/client-form.ts'
import { newClientSecret } from '../src/domain/client-secret.ts'
import { ADMIN } from '../src/domain/permissions.ts'
import { Problem } from '../src/domain/problems.ts'
import { actOf } from '../src/http/act.ts'
import { clientShape } from '../src/http/client-shape.ts'
import { guardScope, requireRole } from '../src/http/guards.ts'
import { idOfCursor, pageOf } from '../src/http/page.ts'
import { Client } from './client.schema.ts'
import {
  addSecret,
  createClient,
  deleteClient,
  deleteSecret,
  getClient,
  listClients,
  updateClient
} from './clients.schema.ts'

const routes: FastifyPluginAsyncTypebox = async (app) => {
  app.addSchema(Client)
  const administrators = requireRole(ADMIN)
  guardScope(app, administrators)

  app.get('/', { schema: listClients }, async (request) => {
    const { limit = 20, cursor } = request.query
    const found = await app.clients.list({ after: idOfCursor(cursor), limit: limit + 1 })
    return pageOf(found, limit, clientShape)
  })

  app.get('/:id', { schema: getClient }, async (request) => {
    const client = await app.clients.find(request.params.id)
    if (client === null) throw new Problem('not_found')
    return clientShape(client)
  })

  app.post('/', { preHandler: administrators, schema: createClient }, async (request, reply) => {
    const { name, permissions, audiences = [], public_jwk: jwk = null } = request.body
    const { secret, stored } = newClientSecret()
    const client = await app.clients.create(
      { id: uuidv7(), name, permissions: [...permissions].sort(), audiences, publicJwk: soundKey(jwk) },
      stored,
      actOf(request, request.user.id)
    )
    reply.code(201).headers({ location: `/api/v1/clients/${client.id}`, 'cache-control': 'no-store' })
    return { ...clientShape(client), client_secret: secret }
  })

  app.patch('/:id', { preHandler: administrators, schema: updateClient }, async (request) => {
    const { name, permissions, audiences, public_jwk: jwk, disabled } = request.body
    const publicJwk = jwk === undefined ? undefined : soundKey(jwk)
    const change = { name, permissions: permissions && [...permissions].sort(), audiences, publicJwk, disabled }
    const client = await app.clientChanges.change(request.params.id, change, actOf(request, request.user.id))
    if (client === null) throw new Problem('not_found')
    return clientShape(client)
  })

  app.delete('/:id', { preHandler: administrators, schema: deleteClient }, async (request, reply) => {
    const removed = await app.clientChanges.remove(request.params.id, actOf(request, request.user.id))
    if (!removed) throw new Problem('not_found')
    return reply.code(204).send(null)
  })

  app.post('/:id/secrets', { preHandler: administrators, schema: addSecret }, async (request, reply) => {
    const { secret, stored } = newClientSecret()
    const verdict = await app.clients.addSecret(request.params.id, stored, actOf(request, request.user.id))
    if (verdict === 'missing') throw new Problem('not_found')
    if (verdict === 'too_many') throw new Problem('too_many_secrets')
    reply.code(201).header('cache-control', 'no-store')
    return { id: stored.id, client_secret: secret }
  })

  app.delete(
    '/:id/secrets/:secret_id',
    { preHandler: administrators, schema: deleteSecret },
    async (request, reply) => {
      const { id, secret_id: secretId } = request.params
      const removed = await app.clientChanges.removeSecret(id, secretId, actOf(request, request.user.id))
      if (!removed) throw new Problem('not_found')
      return reply.code(204).send(null)
    }
  )
}

/** What of the key is stored. @throws Problem for one that cannot be relied on, naming why. */
function soundKey(jwk: object | null): Readonly<Record<string, string>> | null {
  const key = readPublicJwk(jwk)
  if ('publicJwk' in key) return key.publicJwk
  throw new Problem('validation_failed', { errors: [{ pointer: '/public_jwk', message: key.wrong }] })
}

export default fp(routes, { name: 'routes/clients', encapsulate: true, dependencies: ['auth', 'clients'] })
