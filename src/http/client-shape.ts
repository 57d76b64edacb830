import type { ClientWithSecrets } from '../domain/records.ts'

/** A client as the API and the command line show it. */
export const clientShape = (client: ClientWithSecrets) => ({
  client_id: client.id,
  name: client.name,
  permissions: [...client.permissions],
  audiences: [...client.audiences],
  public_jwk: client.publicJwk === null ? null : { ...client.publicJwk },
  disabled: client.disabledAt !== null,
  created_at: client.createdAt.toISOString(),
  secrets: client.secrets.map(({ id, createdAt, lastUsedAt }) => ({
    id,
    created_at: createdAt.toISOString(),
    last_used_at: lastUsedAt?.toISOString() ?? null
  }))
})
