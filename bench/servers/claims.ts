import { randomUUID } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'

/** What an administrator may do, as it stands in a token. */
const SCOPE = 'audit:read clients:read clients:write keys:read keys:write users:read users:write'

/** The claims of an administrator's token, another one each time, so that the peers' tokens are as long as the service's. */
export function claimsOf(iss: string, aud: string, lifetime: number) {
  const sub = uuidv7()
  const iat = Math.floor(Date.now() / 1000)
  return {
    iss,
    aud,
    sub,
    iat,
    exp: iat + lifetime,
    jti: randomUUID(),
    client_id: 'latchkey',
    ver: 0,
    scope: SCOPE,
    sid: uuidv7(),
    roles: ['admin'],
    email: `${sub}@example.com`
  }
}
