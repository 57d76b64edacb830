import { randomBytes } from 'node:crypto'

/** What every issuer says of itself, and what its client asks for. */
export const ISSUER = 'http://localhost:3000'
export const JWT_RESOURCE = 'urn:bench:signed'
export const OPAQUE_RESOURCE = 'urn:bench:opaque'
export const SCOPE = 'posts:write tokens:introspect'

/** What a client shows, as each of them has it. */
export interface Client {
  readonly id: string
  readonly secret: string
}

/** As long as the service's own are. */
export const newSecret = (): string => `lks_${randomBytes(32).toString('base64url')}`
