import { Type } from '@sinclair/typebox'
import { refusals } from '../src/http/refusals.ts'

const PublicKey = Type.Object(
  {
    kty: Type.Union([Type.Literal('EC'), Type.Literal('OKP')]),
    crv: Type.Union([Type.Literal('P-256'), Type.Literal('Ed25519')]),
    x: Type.String(),
    y: Type.Optional(Type.String({ description: 'Of an elliptic curve with two coordinates.' })),
    kid: Type.String(),
    alg: Type.Union([Type.Literal('ES256'), Type.Literal('EdDSA')]),
    use: Type.Literal('sig')
  },
  { description: 'RFC 7517, RFC 7518 section 6.2, RFC 8037.' }
)

export const KeySet = Type.Object(
  { keys: Type.Array(PublicKey) },
  { $id: 'KeySet', description: 'A JWK Set (RFC 7517 section 5).' }
)

const example = {
  keys: [
    {
      kty: 'OKP',
      crv: 'Ed25519',
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
      kid: '3f6c1e0a9b7d2458',
      alg: 'EdDSA',
      use: 'sig'
    }
  ]
}

export const getKeySet = {
  operationId: 'getKeySet',
  tags: ['services'],
  summary: 'The public keys of access tokens',
  description:
    'A JWK Set (RFC 7517): the current key first, the next ones, which are published for longer than a copy may be kept before they sign, and earlier ones until the last token that they signed has expired. A revoked key is left out at once. Keys of HS256 are never listed. Has an `ETag`, and answers 304 to an `If-None-Match` that has it.',
  response: {
    200: {
      description: 'The keys.',
      content: {
        'application/jwk-set+json': {
          schema: Type.Unsafe<string>({ $ref: 'KeySet#' }),
          examples: { one: { value: example } }
        }
      }
    },
    304: Type.Null({ description: 'The copy that you have is still right.' }),
    ...refusals()
  }
}
