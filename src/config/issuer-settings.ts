import { Type, type Static } from '@sinclair/typebox'
import { JWS_ALGORITHMS } from '../domain/jwk.ts'
import { ROLE_PATTERN } from '../domain/permissions.ts'
import { setting } from './setting.ts'
import { readJson } from './texts.ts'

export const MOST_ISSUERS = 20
/** RS256 and PS256 are for those who cannot do better, and so have to be named (ASVS v5.0.0 Appendix C). */
const DEFAULT_ALGORITHMS = ['ES256', 'EdDSA'] as const
/** RFC 9068 section 2.1. */
const DEFAULT_TYPES = ['at+jwt'] as const

const EXTERNAL_ISSUER = Type.Object(
  {
    issuer: Type.String(),
    audience: Type.String({ pattern: '^[!-~]{1,256}$' }),
    algorithms: Type.Optional(
      Type.Array(Type.Union(JWS_ALGORITHMS.map((name) => Type.Literal(name))), { minItems: 1, uniqueItems: true })
    ),
    types: Type.Optional(Type.Array(Type.String({ pattern: '^[!-~]{1,128}$' }), { minItems: 1, maxItems: 10 })),
    role_claim: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    role_map: Type.Optional(
      Type.Record(Type.String({ pattern: '^[^]*$' }), Type.String({ pattern: ROLE_PATTERN }), { maxProperties: 1000 })
    )
  },
  { additionalProperties: false }
)

/** One external issuer, as Config has it. */
export interface IssuerConfig {
  readonly issuer: string
  readonly audience: string
  readonly algorithms: readonly (typeof JWS_ALGORITHMS)[number][]
  readonly types: readonly string[]
  /** Null where its tokens give no roles. */
  readonly roleClaim: string | null
  readonly roleMap: Readonly<Record<string, string>>
}

export const ISSUER_SETTINGS = {
  OIDC_ISSUERS: setting(Type.Optional(Type.Array(EXTERNAL_ISSUER, { maxItems: MOST_ISSUERS })), {
    description:
      'External issuers whose tokens are accepted. `algorithms` are ES256 and EdDSA and `types` (of `typ`) at+jwt unless ' +
      'given; `role_claim` names a member of the claims, and `role_map` says which role each of its values gives.',
    otherwise: 'none',
    takes:
      'a JSON list of {"issuer", "audience", "algorithms"?, "types"?, "role_claim"?, "role_map"?}, at most ' +
      `${MOST_ISSUERS}: algorithms of ${JWS_ALGORITHMS.join(', ')}, role_map from a value of the claim to one role`,
    read: readJson
  })
}

export const issuersOf = (entries: readonly Static<typeof EXTERNAL_ISSUER>[] = []): readonly IssuerConfig[] =>
  entries.map(({ issuer, audience, algorithms, types, role_claim: roleClaim = null, role_map: roleMap = {} }) => ({
    issuer,
    audience,
    algorithms: algorithms ?? [...DEFAULT_ALGORITHMS],
    types: types ?? [...DEFAULT_TYPES],
    roleClaim,
    roleMap
  }))
