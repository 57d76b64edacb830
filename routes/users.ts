import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import fp from 'fastify-plugin'
import { v7 as uuidv7 } from 'uuid'
import { emailPrefixKey } from '../src/domain/email.ts'
import { ADMIN, MOST_PERMISSIONS, SERVICE_PERMISSIONS, type RoleBook } from '../src/domain/permissions.ts'
import { Problem } from '../src/domain/problems.ts'
import { hashOfResetToken, makeResetToken, RESET_TOKEN_SECONDS } from '../src/domain/reset-token.ts'
import { actOf } from '../src/http/act.ts'
import { requirePermission, requireRole } from '../src/http/guards.ts'
import { idOfCursor, pageOf } from '../src/http/page.ts'
import { addressIn } from './address.ts'
import { User, userShape } from './user.schema.ts'
import {
  createUser,
  deleteUser,
  getUser,
  listUsers,
  openPasswordReset,
  revokeUser,
  updateUser
} from './users.schema.ts'

export interface UsersOptions {
  readonly roles: RoleBook
}

const routes: FastifyPluginAsyncTypebox<UsersOptions> = async (app, { roles: book }) => {
  app.addSchema(User)
  const readers = requirePermission('users:read')
  const administrators = requireRole(ADMIN)

  app.get('/', { preHandler: readers, schema: listUsers }, async (request) => {
    const { limit = 20, cursor, role, disabled, q } = request.query
    const emailPrefix = q === undefined ? undefined : emailPrefixKey(q)
    const found = await app.users.list({ role, disabled, emailPrefix, after: idOfCursor(cursor), limit: limit + 1 })
    return pageOf(found, limit, userShape)
  })

  app.get('/:id', { preHandler: readers, schema: getUser }, async (request) => {
    const user = await app.users.find(request.params.id)
    if (user === null) throw new Problem('not_found')
    return userShape(user)
  })

  app.post('/', { preHandler: administrators, schema: createUser }, async (request, reply) => {
    const { password, display_name: displayName = null, roles = [] } = request.body
    const { email, emailKey } = addressIn(request.body)
    const granted = assignable(roles)
    if (password !== undefined) await app.passwords.refuseWeak(password, { email, pointer: '/password' })
    const passwordHash = password === undefined ? null : await app.passwords.hash(password)
    const resetToken = password === undefined ? makeResetToken() : undefined
    const user = await app.users.create(
      { id: uuidv7(), email, emailKey, displayName, passwordHash, roles: granted },
      'user.created',
      actOf(request, request.user.id),
      resetToken === undefined ? undefined : newResetToken(resetToken)
    )
    if (user === null) throw new Problem('email_taken')
    reply.code(201).header('location', `/api/v1/users/${user.id}`)
    return { user: userShape(user), ...(resetToken !== undefined && { reset_token: resetToken }) }
  })

  app.patch('/:id', { preHandler: administrators, schema: updateUser }, async (request) => {
    const { roles, disabled, display_name: displayName } = request.body
    const change = { roles: roles === undefined ? undefined : assignable(roles), disabled, displayName }
    const changed = await app.userChanges.change(request.params.id, change, actOf(request, request.user.id))
    if (!('user' in changed)) throw new Problem(changed.verdict === 'missing' ? 'not_found' : 'last_admin')
    return userShape(changed.user)
  })

  app.delete('/:id', { preHandler: administrators, schema: deleteUser }, async (request, reply) => {
    const verdict = await app.userChanges.remove(request.params.id, actOf(request, request.user.id))
    if (verdict === 'missing') throw new Problem('not_found')
    if (verdict === 'last_admin') throw new Problem('last_admin')
    return reply.code(204).send(null)
  })

  app.post('/:id/revoke', { preHandler: administrators, schema: revokeUser }, async (request, reply) => {
    const act = actOf(request, request.user.id)
    const found = await app.userChanges.revoke(request.params.id, 'user.revoked', act)
    if (!found) throw new Problem('not_found')
    return reply.code(204).send(null)
  })

  app.post('/:id/password-reset', { preHandler: administrators, schema: openPasswordReset }, async (request) => {
    const token = makeResetToken()
    const act = actOf(request, request.user.id)
    const opened = await app.userChanges.openReset(request.params.id, newResetToken(token), act)
    if (!opened) throw new Problem('not_found')
    return { reset_token: token, expires_in: RESET_TOKEN_SECONDS }
  })

  /** Sorted, so that the same roles are the same list. @throws Problem for a role that is not defined, and for too many permissions. */
  function assignable(roles: readonly string[]): readonly string[] {
    const errors = roles.flatMap((role, i) =>
      book.names.has(role) ? [] : [{ pointer: `/roles/${i}`, message: 'is not a role that is defined' }]
    )
    if (errors.length > 0) throw new Problem('validation_failed', { errors })
    const most = MOST_PERMISSIONS + SERVICE_PERMISSIONS.length
    if (book.permissionsOf(roles).length > most) {
      const message = `grant more than ${most} permissions together`
      throw new Problem('validation_failed', { errors: [{ pointer: '/roles', message }] })
    }
    return [...roles].sort()
  }
}

const newResetToken = (token: string) => ({ hash: hashOfResetToken(token), lifetimeSeconds: RESET_TOKEN_SECONDS })

export default fp(routes, { name: 'routes/users', encapsulate: true, dependencies: ['auth', 'records', 'passwords'] })
