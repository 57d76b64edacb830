import fp from 'fastify-plugin'
import { createGate, type GateLoad } from '../src/domain/gate.ts'
import { createPasswordHasher, type HashParameters, type Verification } from '../src/domain/password-hash.ts'
import { createPasswordPolicy, type PasswordPolicyOptions, type PasswordUse } from '../src/domain/password-policy.ts'

export interface Passwords {
  /** @throws Problem `weak_password` */
  refuseWeak(password: string, about: PasswordUse): Promise<void>
  /**
   * @param signal of the client: once it has gone, what still waits is not computed
   * @throws Problem `overloaded`
   */
  hash(password: string, signal?: AbortSignal): Promise<string>
  /**
   * The same work whether the password is wrong or there is none.
   *
   * @param stored null for an unknown address or an account without a password
   * @throws Problem `overloaded`
   */
  verify(stored: string | null, password: string, signal?: AbortSignal): Promise<Verification>
  /** For who asks the database first. @throws Problem `overloaded` where a hash would be refused now */
  assertRoom(): void
  readonly load: GateLoad
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly passwords: Passwords
  }
}

export interface PasswordsOptions extends PasswordPolicyOptions, HashParameters {
  /** Hashes that are computed at once. */
  readonly concurrency: number
  /** The same while more than half of the queue waits. */
  readonly whenCrowded: number
  /** Hashes that wait, at most. */
  readonly queue: number
}

/** Long enough for a full queue at the default cost, short enough that whoever waits is still there. */
const WAIT_MILLISECONDS = 5000

/** What passwords may be, and their hashes, which are never computed on the event loop nor without bound. */
export default fp(
  async (app, options: PasswordsOptions) => {
    const policy = createPasswordPolicy(options)
    const hasher = createPasswordHasher(options)
    const gate = createGate({ ...options, waitMilliseconds: WAIT_MILLISECONDS })
    app.decorate('passwords', {
      refuseWeak: (password, about) => policy.refuseWeak(password, about),
      hash: (password, signal) => gate.run(() => hasher.hash(password), signal),
      verify: (stored, password, signal) => gate.run(() => hasher.verify(stored, password), signal),
      assertRoom: () => gate.assertRoom(),
      load: gate
    })
    app.addHook('onListen', async () => {
      // Not waited for: the service answers meanwhile.
      void policy.load().then(
        (count) => app.log.debug({ count }, 'The list of common passwords was read.'),
        (error: unknown) => app.log.error(error, 'The list of common passwords could not be read; it is tried again.')
      )
    })
  },
  { name: 'passwords', fastify: '5.x' }
)
