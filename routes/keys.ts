import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import type { StoredKey } from '../src/domain/keys.ts'
import { ADMIN } from '../src/domain/permissions.ts'
import { Problem } from '../src/domain/problems.ts'
import { actOf } from '../src/http/act.ts'
import { requireRole } from '../src/http/guards.ts'
import { keyShape } from '../src/http/key-shape.ts'
import { idOfCursor, pageOf } from '../src/http/page.ts'
import { Key, listKeys, revokeKey, rotateKeys } from './keys.schema.ts'

const routes: FastifyPluginAsyncTypebox = async (app) => {
  app.addSchema(Key)
  const administrators = requireRole(ADMIN)

  app.get('/', { preHandler: administrators, schema: listKeys }, async (request) => {
    const { limit = 20, cursor } = request.query
    const before = idOfCursor(cursor, isPlace)
    const keys = (await app.keys.list())
      .map((key) => ({ id: placeOf(key), key }))
      .filter(({ id }) => before === undefined || id < before)
      .sort((a, b) => (a.id < b.id ? 1 : -1))
    return pageOf(keys, limit, ({ key }) => keyShape(key))
  })

  app.post('/rotate', { preHandler: administrators, schema: rotateKeys }, async (request, reply) => {
    const key = await app.keys.rotate(actOf(request, request.user.id))
    reply.code(201)
    return keyShape(key)
  })

  app.post('/:kid/revoke', { preHandler: administrators, schema: revokeKey }, async (request, reply) => {
    const found = await app.keys.revoke(request.params.kid, actOf(request, request.user.id))
    if (!found) throw new Problem('not_found')
    return reply.code(204).send(null)
  })
}

/** Where a key stands in the list, which orders by it: keys come and go between two pages. */
const placeOf = ({ createdAt, kid }: StoredKey) => `${createdAt.getTime()}-${kid}`
const isPlace = (text: string) => /^\d{13}-[0-9a-f]{16}$/.test(text)

export default fp(routes, { name: 'routes/keys', encapsulate: true, dependencies: ['auth', 'keys'] })
