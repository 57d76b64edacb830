import { randomUUID } from 'node:crypto'
import fp from 'fastify-plugin'
import { OWN_CLIENT_ID, type AccessClaims } from '../src/domain/access-token.ts'
import type { Caller } from '../src/domain/caller.ts'
import type { RoleBook } from '../src/domain/permissions.ts'
import { Problem } from '../src/domain/problems.ts'
import type { ClientRecord, Grant } from '../src/domain/records.ts'
import { makeRefreshToken } from '../src/domain/refresh-token.ts'
import { callerOf, verifyToken, type Verdict, type Verification } from '../src/domain/verify-token.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly tokens: {
      /** Judges an access token and says why; does not ask whether the deny-list is current. */
      readonly judge: (token: string) => Verdict
      /** As `judge`; where the key is not known here, it is looked for first. @throws Problem `unavailable` where it cannot be. */
      readonly judgeOnceKnown: (token: string) => Verdict | Promise<Verdict>
      /** Who holds the token; no promise where its key is known. @throws Problem 401, or 503 `revocation_unavailable`, `unavailable`. */
      readonly verify: (token: string) => Caller | Promise<Caller>
      /** The tokens that a statement authorised. */
      readonly issue: (grant: Grant) => IssuedTokens
      /** The access token of a client that a statement authenticated. */
      readonly issueToClient: (grant: ClientGrant) => Pick<IssuedTokens, 'accessToken' | 'expiresIn'>
      /** Judges an access token of this service that may be meant for whom it will (RFC 7662): who asks compares `aud`. */
      readonly introspect: (token: string) => Verdict | Promise<Verdict>
    }
  }
}

export interface IssuedTokens {
  readonly accessToken: string
  /** Lifetimes in seconds. */
  readonly expiresIn: number
  readonly refreshToken: string
  readonly refreshExpiresIn: number
}

export interface ClientGrant {
  readonly client: ClientRecord
  /** Of the client's. */
  readonly permissions: readonly string[]
  /** Null for the service itself, else one of the client's audiences. */
  readonly audience: string | null
  /** As of `Grant`. */
  readonly now: number
}

export interface TokensOptions {
  readonly issuer: string
  readonly audience: string
  readonly accessTokenSeconds: number
  readonly roles: RoleBook
}

export default fp(
  (app, { issuer, audience, accessTokenSeconds, roles }: TokensOptions) => {
    const { keys, revocations } = app
    const verification: Verification = { issuer, audience, keys, revocations, now: revocations.now }

    /** A key that is not known here may have been made, and signed with, by another instance a moment ago. */
    const judge = (token: string, how: Verification = verification) => verifyToken(how, token)
    function judgeOnceKnown(token: string, how?: Verification): Verdict | Promise<Verdict> {
      const verdict = judge(token, how)
      return verdict.good || verdict.step !== 'key' ? verdict : keys.learn().then(() => judge(token, how))
    }
    const forAnybody = { ...verification, audience: null }
    function admit(verdict: Verdict): Caller {
      if (!verdict.good) throw new Problem(verdict.code, { detail: verdict.reason })
      return callerOf(verdict.claims)
    }

    app.decorate('tokens', {
      judge: (token) => judge(token),
      judgeOnceKnown: (token) => judgeOnceKnown(token),
      verify(token) {
        revocations.assertCurrent()
        const verdict = judgeOnceKnown(token)
        return verdict instanceof Promise ? verdict.then(admit) : admit(verdict)
      },
      introspect: (token) => judgeOnceKnown(token, forAnybody),
      issueToClient({ client, permissions, audience: resource, now }) {
        const iat = Math.floor(now / 1000)
        const claims: AccessClaims = {
          iss: issuer,
          aud: resource ?? audience,
          sub: client.id,
          iat,
          exp: iat + accessTokenSeconds,
          jti: randomUUID(),
          client_id: client.id,
          ver: client.tokenVersion,
          ...(permissions.length > 0 && { scope: permissions.join(' ') })
        }
        return { accessToken: keys.sign(claims), expiresIn: accessTokenSeconds }
      },
      issue({ user, session, now }) {
        const iat = Math.floor(now / 1000)
        const sessionEnd = Math.floor(Math.min(session.idleExpiresAt.getTime(), session.expiresAt.getTime()) / 1000)
        // A token never outlives its session: nothing would revoke it when the session merely lapses.
        const exp = Math.min(iat + accessTokenSeconds, Math.max(sessionEnd, iat))
        const permissions = roles.permissionsOf(user.roles)
        const claims: AccessClaims = {
          iss: issuer,
          aud: audience,
          sub: user.id,
          iat,
          exp,
          jti: randomUUID(),
          client_id: OWN_CLIENT_ID,
          ver: user.tokenVersion,
          ...(permissions.length > 0 && { scope: permissions.join(' ') }),
          sid: session.id,
          roles: user.roles,
          email: user.email
        }
        const refreshKey = keys.findMac('refresh', session.refreshKid)
        if (refreshKey === null) throw new Error('The key that the session pins is gone.')
        return {
          accessToken: keys.sign(claims),
          expiresIn: exp - iat,
          refreshToken: makeRefreshToken(refreshKey, session.id, session.seed, session.counter),
          refreshExpiresIn: Math.max(0, sessionEnd - iat)
        }
      }
    })
    return Promise.resolve()
  },
  { name: 'tokens', fastify: '5.x', dependencies: ['keys', 'revocations'] }
)
