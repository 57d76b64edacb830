import { randomUUID } from 'node:crypto'
import fastifyJwt, { type SignOptions } from '@fastify/jwt'
import fp from 'fastify-plugin'
import { ACCESS_TOKEN_TYPE, OWN_CLIENT_ID, type AccessClaims } from '../src/domain/access-token.ts'
import type { Caller } from '../src/domain/caller.ts'
import type { RoleBook } from '../src/domain/permissions.ts'
import { Problem } from '../src/domain/problems.ts'
import type { ClientRecord, Grant } from '../src/domain/records.ts'
import { makeRefreshToken } from '../src/domain/refresh-token.ts'
import { callerOf, verifyToken, type Verdict } from '../src/domain/verify-token.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly tokens: {
      /** Judges an access token and says why; does not ask whether the deny-list is current. */
      readonly judge: (token: string) => Verdict
      /** Who holds the token. @throws Problem 401, or 503 `revocation_unavailable`. */
      readonly verify: (token: string) => Caller
      /** The tokens that a statement authorised. */
      readonly issue: (grant: Grant) => IssuedTokens
      /** The access token of a client that a statement authenticated. */
      readonly issueToClient: (grant: ClientGrant) => Pick<IssuedTokens, 'accessToken' | 'expiresIn'>
      /** Judges an access token of this service that may be meant for whom it will (RFC 7662): who asks compares `aud`. */
      readonly introspect: (token: string) => Verdict
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
  async (app, { issuer, audience, accessTokenSeconds, roles }: TokensOptions) => {
    const { keys, revocations } = app
    const sign = await signer()
    const verification = { issuer, audience, keys, revocations, now: revocations.now }

    /** @fastify/jwt in a scope of its own: its decorators, whose verification is too lenient, are nowhere to be had. */
    async function signer() {
      const { kid, algorithm, privateKey } = keys.signing
      let made: ((claims: AccessClaims) => string) | undefined
      await app.register(async (scope) => {
        // fast-jwt takes `header` as well, which the types of @fastify/jwt leave out of what may be said of all tokens.
        const options: Partial<SignOptions> & { readonly header: object } = {
          algorithm,
          kid,
          header: { alg: algorithm, typ: ACCESS_TOKEN_TYPE, kid }
        }
        // The public half is never asked: `verifyToken` has its own ring. A function is what the plugin takes for "later".
        const nobody = () => Promise.reject(new Error('Tokens are verified by verifyToken alone.'))
        await scope.register(fastifyJwt, {
          secret: { private: privateKey, public: nobody },
          decoratorName: 'jwtClaims',
          sign: options
        })
        made = (claims) => scope.jwt.sign(claims)
      })
      if (made === undefined) throw new Error('There is nothing to sign with.')
      return made
    }

    app.decorate('tokens', {
      judge: (token) => verifyToken(verification, token),
      verify(token) {
        revocations.assertCurrent()
        const verdict = verifyToken(verification, token)
        if (!verdict.good) throw new Problem(verdict.code, { detail: verdict.reason })
        return callerOf(verdict.claims)
      },
      introspect: (token) => verifyToken({ ...verification, audience: null }, token),
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
        return { accessToken: sign(claims), expiresIn: accessTokenSeconds }
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
          accessToken: sign(claims),
          expiresIn: exp - iat,
          refreshToken: makeRefreshToken(refreshKey, session.id, session.seed, session.counter),
          refreshExpiresIn: Math.max(0, sessionEnd - iat)
        }
      }
    })
  },
  { name: 'tokens', fastify: '5.x', dependencies: ['keys', 'revocations'] }
)
