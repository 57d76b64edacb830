import fp from 'fastify-plugin'
import { createAuditTrail, type AuditTrail } from '../src/db/audit.ts'
import { createDeniedTokens, type DeniedTokens } from '../src/db/denied-tokens.ts'
import { createPasswordRepository, type PasswordRepository } from '../src/db/passwords.ts'
import { createSessionRepository, type SessionLimits, type SessionRepository } from '../src/db/sessions.ts'
import { createSignInRepository, type SignInRepository } from '../src/db/sign-ins.ts'
import { createUserChanges, type UserChanges } from '../src/db/user-changes.ts'
import { createUserRepository, type UserRepository } from '../src/db/users.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly users: UserRepository
    readonly userChanges: UserChanges
    readonly sessions: SessionRepository
    readonly signIns: SignInRepository
    readonly passwordRecords: PasswordRepository
    readonly deniedTokens: DeniedTokens
    readonly audit: AuditTrail
  }
}

/** The tables. What a statement revokes is in force here before the statement's caller goes on. */
export default fp(
  (app, limits: SessionLimits) => {
    const { database, revocations } = app
    app.decorate('users', createUserRepository(database))
    app.decorate('userChanges', createUserChanges(database, revocations.apply))
    app.decorate('sessions', createSessionRepository(database, limits, revocations.apply))
    app.decorate('signIns', createSignInRepository(database, limits))
    app.decorate('passwordRecords', createPasswordRepository(database, limits, revocations.apply))
    app.decorate('deniedTokens', createDeniedTokens(database, revocations.apply))
    app.decorate('audit', createAuditTrail(database))
    return Promise.resolve()
  },
  { name: 'records', fastify: '5.x', dependencies: ['database', 'revocations'] }
)
