import { Type } from '@sinclair/typebox'
import { AUDIENCE_PATTERN, LONGEST_CLIENT_NAME, MOST_AUDIENCES } from '../src/domain/client-form.ts'
import { MOST_PERMISSIONS, PERMISSION_PATTERN } from '../src/domain/permissions.ts'

export const EXAMPLE_CLIENT_ID = '01942d3c-4b5d-7a20-8e1c-6f7a8b9c0d13'
export const EXAMPLE_SECRET = 'lks_Zm9v-Y3Jlc3RlZCBzZWNyZXQ…'
export const EXAMPLE_SECRET_ID = '01942d3c-5c6e-7b31-9f2d-7a8b9c0d1e24'
const AT = '2026-01-02T03:04:05.678Z'

export const exampleClient = {
  client_id: EXAMPLE_CLIENT_ID,
  name: 'billing',
  permissions: ['invoices:write', 'users:read'],
  audiences: ['https://ledger.example.com'],
  public_jwk: null,
  disabled: false,
  created_at: AT,
  secrets: [{ id: EXAMPLE_SECRET_ID, created_at: AT, last_used_at: null }]
}

const Time = Type.String({ format: 'date-time' })
const Jwk = Type.Object({}, { additionalProperties: Type.String(), description: 'A public JWK (RFC 7517).' })

export const Client = Type.Object(
  {
    client_id: Type.String({ format: 'uuid' }),
    name: Type.String(),
    permissions: Type.Array(Type.String(), { description: 'What its tokens may carry as `scope`.' }),
    audiences: Type.Array(Type.String(), { description: 'Whom its tokens may be for, besides this service.' }),
    public_jwk: Type.Union([Jwk, Type.Null()], { description: 'The key of its assertions (`private_key_jwt`).' }),
    disabled: Type.Boolean(),
    created_at: Time,
    secrets: Type.Array(
      Type.Object({
        id: Type.String({ format: 'uuid' }),
        created_at: Time,
        last_used_at: Type.Union([Time, Type.Null()], { description: 'To the minute.' })
      })
    )
  },
  { $id: 'Client', description: 'A service that gets tokens for itself.', examples: [exampleClient] }
)

export const ClientName = Type.String({ minLength: 1, maxLength: LONGEST_CLIENT_NAME, description: 'For people.' })
export const ClientPermissions = Type.Array(Type.String({ pattern: PERMISSION_PATTERN }), {
  maxItems: MOST_PERMISSIONS,
  uniqueItems: true,
  description: "The service's own and any that your services define for themselves."
})
export const ClientAudiences = Type.Array(Type.String({ pattern: AUDIENCE_PATTERN }), {
  maxItems: MOST_AUDIENCES,
  uniqueItems: true,
  description: 'What it may ask for as `resource` (RFC 8707).'
})
/** What is a sound key is said by `importJwk`, which names what is wrong with it. */
export const PublicJwk = Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()], {
  description: 'A public key for ES256 (P-256) or EdDSA (Ed25519) as a JWK; null for none.'
})
