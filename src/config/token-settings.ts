import { Type } from '@sinclair/typebox'
import { SIGNING_ALGORITHMS } from '../domain/access-token.ts'
import { duration, oneOf, setting } from './setting.ts'
import { readIssuer } from './texts.ts'

/** Browsers keep no cookie for longer (RFC 6265bis section 5.5), so no longer session could be kept. */
const LONGEST_SESSION = '400d'
/** Issuer and audience are in every token, which must stay under 8 KiB whatever else it carries. */
export const MOST_NAME_CHARACTERS = 256

/** What an issuer takes, for people. */
export const ISSUER_FORM =
  `an https URL of at most ${MOST_NAME_CHARACTERS} characters, host in lower case, without query, fragment, ` +
  'user name or default port; http only for localhost and loopback addresses'

/** Tokens and sessions: whose they are, how long they live, how they are revoked. */
export const TOKEN_SETTINGS = {
  ISSUER: setting(Type.Optional(Type.String({ maxLength: MOST_NAME_CHARACTERS })), {
    description: 'Who issues the tokens (iss): the URL at which clients reach this service.',
    otherwise: 'http://localhost:PORT',
    takes: ISSUER_FORM,
    read: readIssuer
  }),
  AUDIENCE: setting(Type.String({ pattern: `^[!-~]{1,${MOST_NAME_CHARACTERS}}$` }), {
    description: 'Whom the tokens are for (aud); the only audience that the service itself accepts.',
    default: 'latchkey-api',
    takes: `1 to ${MOST_NAME_CHARACTERS} visible ASCII characters`,
    read: (text) => text
  }),
  JWT_ALGORITHM: oneOf(SIGNING_ALGORITHMS, {
    description: 'What new access tokens are signed with. A change signs nobody out. HS256 keys are never published.',
    default: 'ES256'
  }),
  ACCESS_TOKEN_TTL: duration({
    description: 'How long an access token is good for.',
    default: '15m',
    most: '1h'
  }),
  SESSION_IDLE_TTL: duration({
    description: 'How long a session lives without use; SESSION_MAX_TTL where only that is set, and shorter.',
    default: '7d',
    most: LONGEST_SESSION
  }),
  SESSION_MAX_TTL: duration({
    description: 'How long a session lives however much it is used.',
    default: '30d',
    most: LONGEST_SESSION
  }),
  REFRESH_GRACE: duration({
    description: 'How long the refresh token just replaced gets its successor again; 0 for not at all.',
    default: '10s',
    most: '10m',
    orZero: true
  }),
  KEY_ROTATION_INTERVAL: duration({
    description:
      'After how long the next key takes over signing. A short one keeps many keys: each verifies for an hour longer.',
    default: '30d',
    most: '3650d'
  }),
  REVOCATION_SYNC: oneOf(['listen', 'poll'], {
    description:
      'How revocations are heard of: LISTEN, or poll behind a transaction pooler or where there is no NOTIFY.',
    default: 'listen'
  }),
  REVOCATION_MAX_STALENESS: duration({
    description: 'How long protected requests are still answered when it cannot be confirmed what has been revoked.',
    default: '30s',
    most: '1h'
  })
}
