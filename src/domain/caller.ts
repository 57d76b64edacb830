/** Who sent a request, as its verified credential says. Frozen: one object may serve many requests. */
export type Caller = User | Service

export interface User {
  readonly kind: 'user'
  /** `sub`: the id of the user's record. */
  readonly id: string
  readonly email: string
  readonly roles: readonly string[]
  /** What the roles grant: the members of `scope`. */
  readonly permissions: readonly string[]
  /** `sid`: the sign-in that the credential belongs to. */
  readonly sessionId: string
  /** `jti`. */
  readonly tokenId: string
  /** `iss`. */
  readonly issuer: string
}

export interface Service {
  readonly kind: 'service'
  /** `client_id` (RFC 9068 section 2.2). */
  readonly clientId: string
  /** What the client asked for and may do: the members of `scope`. */
  readonly permissions: readonly string[]
  readonly tokenId: string
  readonly issuer: string
}
