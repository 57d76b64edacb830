import fp from 'fastify-plugin'
import { v7 as uuidv7 } from 'uuid'
import { parseEmail } from '../src/domain/email.ts'
import { ADMIN } from '../src/domain/permissions.ts'
import { Problem } from '../src/domain/problems.ts'
import { StartRefused } from '../src/domain/start-refused.ts'

export interface FirstAdminOptions {
  /** Null where none is to be made. */
  readonly credentials: { readonly email: string; readonly password: string } | null
}

/**
 * Makes the first administrator where there is none. An account that has the address already is never promoted: it may
 * be a stranger's, who registered the address before.
 */
export default fp(
  async (app, { credentials }: FirstAdminOptions) => {
    if (credentials === null || (await app.users.hasAdmin())) return
    const address = parseEmail(credentials.email)
    if ('wrong' in address) throw new StartRefused(`BOOTSTRAP_ADMIN_EMAIL: ${address.wrong}.`)
    const passwordHash = await hashOf(credentials.password, address.email)
    const user = { ...address, id: uuidv7(), displayName: null, passwordHash, roles: [ADMIN] }
    const made = await app.users.createFirstAdmin(user, { actor: null, ip: null, requestId: null })
    if (made === 'email_taken') {
      throw new StartRefused(
        'BOOTSTRAP_ADMIN_EMAIL: the address belongs to an account, which is not promoted. Take another.'
      )
    }
    if (made === 'made') app.log.info({ user: user.id }, 'The first administrator was made.')

    async function hashOf(password: string, email: string) {
      try {
        await app.passwords.refuseWeak(password, { email, pointer: '/password' })
      } catch (error) {
        if (error instanceof Problem) throw new StartRefused(`BOOTSTRAP_ADMIN_PASSWORD: ${error.message}`)
        throw error
      }
      return app.passwords.hash(password)
    }
  },
  { name: 'first-admin', fastify: '5.x', dependencies: ['records', 'passwords'] }
)
