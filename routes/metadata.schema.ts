import { Type } from '@sinclair/typebox'
import { ASSERTION_ALGORITHMS } from '../src/domain/client-assertion.ts'
import { SERVICE_PERMISSIONS } from '../src/domain/permissions.ts'
import { refusals } from '../src/http/refusals.ts'

const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']

/** @param documented whether there is a page for people */
export function metadataOf(issuer: string, documented: boolean) {
  const at = (path: string) => `${issuer.replace(/\/$/, '')}${path}`
  const algorithms = [...ASSERTION_ALGORITHMS]
  return {
    issuer,
    token_endpoint: at('/oauth2/token'),
    token_endpoint_auth_methods_supported: METHODS,
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    introspection_endpoint: at('/oauth2/introspect'),
    introspection_endpoint_auth_methods_supported: METHODS,
    introspection_endpoint_auth_signing_alg_values_supported: algorithms,
    revocation_endpoint: at('/oauth2/revoke'),
    revocation_endpoint_auth_methods_supported: METHODS,
    revocation_endpoint_auth_signing_alg_values_supported: algorithms,
    jwks_uri: at('/.well-known/jwks.json'),
    scopes_supported: [...SERVICE_PERMISSIONS],
    grant_types_supported: ['client_credentials'],
    // There is no authorization endpoint, but RFC 8414 section 2 wants the member.
    response_types_supported: [],
    ...(documented && { service_documentation: at('/docs') })
  }
}

const Url = Type.String({ format: 'uri' })
const Names = Type.Array(Type.String())

export const getMetadata = {
  operationId: 'getMetadata',
  tags: ['services'],
  summary: 'What this authorization server offers',
  description: 'RFC 8414. `issuer` is what `iss` of each token says.',
  response: {
    200: Type.Object(
      {
        issuer: Url,
        token_endpoint: Url,
        token_endpoint_auth_methods_supported: Names,
        token_endpoint_auth_signing_alg_values_supported: Names,
        introspection_endpoint: Url,
        introspection_endpoint_auth_methods_supported: Names,
        introspection_endpoint_auth_signing_alg_values_supported: Names,
        revocation_endpoint: Url,
        revocation_endpoint_auth_methods_supported: Names,
        revocation_endpoint_auth_signing_alg_values_supported: Names,
        jwks_uri: Url,
        scopes_supported: Names,
        grant_types_supported: Names,
        response_types_supported: Names,
        service_documentation: Type.Optional(Url)
      },
      {
        description: 'The metadata.',
        examples: [metadataOf('https://auth.example.com', true)]
      }
    ),
    ...refusals()
  }
}
