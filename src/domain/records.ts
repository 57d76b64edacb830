/** How the access token's companion reaches the client: refresh token in a cookie, in the body, or a session cookie and no token. */
export type Delivery = 'cookie' | 'body' | 'session'

/** A person with an e-mail address and, mostly, a password. */
export interface UserRecord {
  readonly id: string
  /** As it was given. */
  readonly email: string
  /** What addresses are compared by. */
  readonly emailKey: string
  readonly displayName: string | null
  /** PHC string; null for somebody who has not set a password yet. */
  readonly passwordHash: string | null
  /** Sorted, each once. */
  readonly roles: readonly string[]
  /** Rises with every change that tokens already issued must not outlive: their `ver` is the one they were made at. */
  readonly tokenVersion: number
  /** Sessions opened at a lower version are over, found or not. */
  readonly sessionsFloor: number
  readonly disabledAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** One sign-in: it owns one refresh token (token delivery) or one session cookie (browser delivery). */
export interface SessionRecord {
  /** `sid`. */
  readonly id: string
  readonly userId: string
  readonly delivery: Delivery
  readonly openedVersion: number
  /** Random bytes that the session's refresh tokens are derived from. */
  readonly seed: Uint8Array
  /** The number of the refresh token that is valid now. */
  readonly counter: number
  readonly refreshKid: string
  readonly createdAt: Date
  readonly lastUsedAt: Date
  readonly idleExpiresAt: Date
  readonly expiresAt: Date
  readonly ip: string | null
  readonly userAgent: string | null
}

/** A service that gets tokens for itself (RFC 6749 section 2). */
export interface ClientRecord {
  /** `client_id`. */
  readonly id: string
  readonly name: string
  /** What its tokens may carry as `scope`; sorted, each once. */
  readonly permissions: readonly string[]
  /** Whom its tokens may be for, besides the service itself. */
  readonly audiences: readonly string[]
  /** The key that its assertions are signed with, where it has one. */
  readonly publicJwk: Readonly<Record<string, string>> | null
  /** Rises whenever something is taken away: tokens already issued must not outlive that. */
  readonly tokenVersion: number
  readonly disabledAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** One of at most two secrets of a client; nothing of the secret itself. */
export interface ClientSecret {
  readonly id: string
  readonly createdAt: Date
  /** To the minute; null where it was never used. */
  readonly lastUsedAt: Date | null
}

export type ClientWithSecrets = ClientRecord & { readonly secrets: readonly ClientSecret[] }

/** What a statement authorised: whose tokens may be made, for which session, and as of when. */
export interface Grant {
  readonly user: UserRecord
  readonly session: SessionRecord
  /** The database's time in that statement, in milliseconds since the epoch: `iat` and `exp` are counted from it. */
  readonly now: number
}

/** One line of the audit trail. */
export interface AuditEvent {
  readonly id: string
  readonly at: Date
  /** `noun.verb_in_the_past`. */
  readonly action: string
  readonly actor: string | null
  /** Id of the user or client that it is about. */
  readonly subject: string | null
  readonly outcome: 'success' | 'failure'
  readonly ip: string | null
  readonly requestId: string | null
  readonly detail: Readonly<Record<string, unknown>>
}
