/** Who sent a request, as its verified credential says. Frozen: one object may serve many requests. */
export type Caller = User | Service

/** A person. `sessionId` tells the two kinds apart: it is null for whoever signed in elsewhere. */
export type User = LocalUser | ExternalUser

interface AnyUser {
  readonly kind: 'user'
  readonly roles: readonly string[]
  /** What the roles grant. */
  readonly permissions: readonly string[]
  /** `iss`. */
  readonly issuer: string
}

/** A user of this service. */
export interface LocalUser extends AnyUser {
  /** `sub`: the id of the user's record. */
  readonly id: string
  readonly email: string
  /** `sid`: the sign-in that the credential belongs to. */
  readonly sessionId: string
  /** `jti`. */
  readonly tokenId: string
}

/** The user of an external issuer, who has no record, no session and no address here. */
export interface ExternalUser extends AnyUser {
  /** Issuer and subject with a space between: the same for nobody else, and for no user of this service. */
  readonly id: string
  /** What the issuer says of an address has not been verified here. */
  readonly email: null
  readonly sessionId: null
  readonly tokenId: string | null
  /** `sub`, which means something only together with `issuer`. */
  readonly subject: string
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
