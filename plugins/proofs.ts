import fp from 'fastify-plugin'
import type { Attempt } from '../src/db/sign-ins.ts'
import type { Act } from '../src/domain/act.ts'
import { Problem } from '../src/domain/problems.ts'
import type { UserRecord } from '../src/domain/records.ts'

/** Somebody has shown the password of this account. */
export interface Proof {
  readonly user: UserRecord
  /** The stored hash that it was verified against: what follows holds only while it is still stored. */
  readonly verifiedHash: string
  /** A hash of the same password as strong as configured, where the stored one is weaker. */
  readonly rehashed: string | null
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Has the password of an attempt verified. A refusal settles the attempt; a proof leaves that to what is done with it.
     *
     * @throws Problem `rate_limited`, `overloaded` or `invalid_credentials`
     */
    readonly provePassword: (attempt: Attempt, password: string, act: Act) => Promise<Proof>
  }
}

export default fp(
  (app) => {
    app.decorate('provePassword', async (attempt, password, act) => {
      const { user, wait } = attempt
      // Refusals past the limit are not written one by one: the trail would be the next thing to flood.
      if (wait !== null) {
        await app.signIns.release(attempt)
        throw new Problem('rate_limited', { retryAfterSeconds: wait })
      }
      const stored = user?.passwordHash ?? null
      // One hash for unknown addresses, too: otherwise the time would tell who has an account (ASVS v5.0.0-6.3.8).
      const { right, outdated } = await orRelease(attempt, app.passwords.verify(stored, password))
      if (user === null || stored === null || !right) {
        await app.signIns.fail(attempt, user === null ? 'unknown_account' : 'wrong_password', act)
        throw new Problem('invalid_credentials')
      }
      // Where there is no room for another hash now, the next sign-in replaces it.
      const rehashed = outdated ? await app.passwords.hash(password).catch(() => null) : null
      return { user, verifiedHash: stored, rehashed }
    })

    async function orRelease<T>(attempt: Attempt, work: Promise<T>): Promise<T> {
      try {
        return await work
      } catch (error) {
        await app.signIns.release(attempt)
        throw error
      }
    }
    return Promise.resolve()
  },
  { name: 'proofs', fastify: '5.x', dependencies: ['records', 'passwords'] }
)
