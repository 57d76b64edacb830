import { Type } from '@sinclair/typebox'
import { SIGNING_ALGORITHMS } from '../src/domain/access-token.ts'
import { KEY_STATES } from '../src/domain/key-life.ts'
import { Page, PageQuery } from '../src/http/page.ts'
import { refusals, refusalsWithBody } from '../src/http/refusals.ts'
import { shared } from '../src/http/shared-schema.ts'

const Time = (description: string) => Type.String({ format: 'date-time', description })
const MaybeTime = (description: string) =>
  Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description })
const literals = <Text extends string>(texts: readonly Text[]) => Type.Union(texts.map((text) => Type.Literal(text)))

const exampleKey = {
  kid: '3f6c1e0a9b7d2458',
  algorithm: 'ES256' as const,
  state: 'current' as const,
  created_at: '2026-01-02T03:04:05.678Z',
  published_at: '2026-01-02T03:04:05.678Z',
  signs_from: '2026-02-01T03:04:05.678Z',
  signs_until: null,
  verifies_until: null,
  revoked_at: null
}

export const Key = Type.Object(
  {
    kid: Type.String({ description: 'The `kid` in the header of the tokens that it signs.' }),
    algorithm: literals(SIGNING_ALGORITHMS),
    state: literals(KEY_STATES),
    created_at: Time('RFC 3339, UTC.'),
    published_at: Time('Since when it is in the JWKS; HS256 keys never are.'),
    signs_from: MaybeTime('When it took over; null for a next key.'),
    signs_until: MaybeTime('When another took over.'),
    verifies_until: MaybeTime('When the last token that it signed has expired, and the key is destroyed.'),
    revoked_at: MaybeTime('Since when everything that it signed is refused.')
  },
  {
    $id: 'Key',
    description: 'A key that access tokens are signed with; never what it is made of.',
    examples: [exampleKey]
  }
)

export const listKeys = {
  operationId: 'listKeys',
  tags: ['keys'],
  summary: 'List the signing keys',
  description:
    'The newest first. One is current; there is a next key of each algorithm that JWT_ALGORITHM may be changed to; earlier and revoked ones are listed until they are destroyed.',
  querystring: Type.Object(PageQuery, { additionalProperties: false }),
  response: { 200: Page(shared(Key), exampleKey), ...refusals('validation_failed', 'unavailable') }
}

export const rotateKeys = {
  operationId: 'rotateKeys',
  tags: ['keys'],
  summary: 'Let the next signing key take over now',
  description:
    'Nobody is signed out: the key before verifies until the last token that it signed has expired. It happens by itself at KEY_ROTATION_INTERVAL. A key that takes over so early may have been published for less time than verifiers keep the JWKS: one that asks anew for a `kid` that it does not know, as most do, misses nothing.',
  response: {
    201: shared(Key),
    ...refusalsWithBody('unavailable')
  }
}

export const revokeKey = {
  operationId: 'revokeKey',
  tags: ['keys'],
  summary: 'Revoke a signing key that was compromised',
  description:
    'Every access token that it signed is refused at once, and it is taken out of the JWKS; refresh tokens stay good, so that people stay signed in. Where it was the current key, the next takes its place. A key that was revoked before is left as it is.',
  params: Type.Object({ kid: Type.String({ examples: [exampleKey.kid] }) }),
  response: {
    204: Type.Null({ description: 'It is revoked.' }),
    ...refusalsWithBody('not_found', 'unavailable')
  }
}
