import { randomUUID } from 'node:crypto'
import fp from 'fastify-plugin'
import { OWN_CLIENT_ID, type AccessClaims } from '../src/domain/access-token.ts'
import type { Caller } from '../src/domain/caller.ts'
import { externalCallerOf } from '../src/domain/external-token.ts'
import type { RoleBook } from '../src/domain/permissions.ts'
import { Problem } from '../src/domain/problems.ts'
import type { ClientRecord, Grant } from '../src/domain/records.ts'
import { makeRefreshToken } from '../src/domain/refresh-token.ts'
import { createRecentTexts } from '../src/domain/recent-texts.ts'
import {
  callerOf,
  isGoodStill,
  perishableOf,
  verifyToken,
  type GoodVerdict,
  type Perishable,
  type Verdict,
  type Verification
} from '../src/domain/verify-token.ts'
import { assertTokenForm } from '../src/http/bearer.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly tokens: {
      /** Judges an access token and says why; does not ask whether the deny-list is current. */
      readonly judge: (token: string) => Verdict
      /**
       * The claims of a token of our own whose signature is good, for whomever it is meant and whatever has become of it; null
       * for any other, also of an issuer that is accepted. @throws Problem `unavailable` where its key cannot be looked for.
       */
      readonly ownClaims: (token: string) => Promise<AccessClaims | null>
      /**
       * Who holds the token that these bearer credentials are; no promise where its key is known and the deny-list current.
       * @throws Problem 401, or 503 `revocation_unavailable`, `unavailable`
       */
      readonly verify: (credentials: string) => Caller | Promise<Caller>
      /** The tokens that a statement authorised. */
      readonly issue: (grant: Grant) => IssuedTokens
      /** The access token of a client that was authenticated. */
      readonly issueToClient: (grant: ClientGrant) => Pick<IssuedTokens, 'accessToken' | 'expiresIn'>
      /** Judges an access token, which may be meant for whom it will where it is our own (RFC 7662): who asks compares `aud`. */
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
  /** As of `AuthenticatedClient`. */
  readonly now: number
}

export interface TokensOptions {
  readonly issuer: string
  readonly audience: string
  readonly accessTokenSeconds: number
  readonly roles: RoleBook
}

/** A token that was good when it was seen last. */
interface Admitted {
  readonly caller: Caller
  readonly perishable: Perishable
}

/** Some 20 MB, and with tokens of usual size as many as come within their 15 minutes from 20,000 people. */
const REMEMBERED = { mostEntries: 20_000, mostBytes: 64 * 1024 * 1024 }
/** Of what is kept of a token: its text, the caller's members, which are parts of it, and what is around them. */
const bytesOf = (token: string) => 3 * token.length + 1024

export default fp(
  (app, { issuer, audience, accessTokenSeconds, roles }: TokensOptions) => {
    const { externalIssuers, keys, revocations } = app
    const own: Verification = { issuer, audience: null, keys, revocations, now: revocations.now }
    const anybodys: Verification = { ...own, others: externalIssuers }
    const accepted: Verification = { ...anybodys, audience }

    /** A key that is not known here may have been made, and signed with, by another instance or issuer a moment ago. */
    function judgeOnceKnown(how: Verification, token: string): Verdict | Promise<Verdict> {
      const verdict = verifyToken(how, token)
      const learning = verdict.good ? undefined : verdict.unknownTo?.learn?.()
      return learning === undefined ? verdict : learning.then(() => verifyToken(how, token))
    }
    const admitted = createRecentTexts<Admitted>(REMEMBERED)
    function admit(token: string, verdict: Verdict): Caller {
      if (!verdict.good) throw new Problem(verdict.code, { detail: verdict.reason })
      const caller = whoHolds(verdict)
      const perishable = perishableOf(accepted, verdict)
      if (perishable !== null) admitted.keep(token, { caller, perishable }, bytesOf(token))
      return caller
    }
    const whoHolds = (verdict: GoodVerdict): Caller =>
      verdict.external === undefined
        ? callerOf(verdict.claims)
        : externalCallerOf(verdict.external, roles.permissionsOf(verdict.external.roles))

    function verifyNow(credentials: string): Caller | Promise<Caller> {
      const known = admitted.find(credentials)
      if (known !== undefined) {
        if (isGoodStill(accepted, known.perishable)) return known.caller
        admitted.drop(credentials)
      }
      assertTokenForm(credentials)
      const verdict = judgeOnceKnown(accepted, credentials)
      return verdict instanceof Promise
        ? verdict.then((later) => admit(credentials, later))
        : admit(credentials, verdict)
    }

    app.decorate('tokens', {
      judge: (token) => verifyToken(accepted, token),
      ownClaims: async (token) => (await judgeOnceKnown(own, token)).claims,
      verify(credentials) {
        // Tokens of other issuers are on no list of ours; that all wait alike keeps a caller from choosing the weaker rule.
        const current = revocations.rely()
        return current === null ? verifyNow(credentials) : current.then(() => verifyNow(credentials))
      },
      introspect: (token) => judgeOnceKnown(anybodys, token),
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
  { name: 'tokens', fastify: '5.x', dependencies: ['external-issuers', 'keys', 'revocations'] }
)
