import { Type } from '@sinclair/typebox'
import { FORM_TYPE } from '../src/http/form-body.ts'

/**
 * What the operations of a client have in common. A form may hold what nobody understands, which is ignored (RFC 6749
 * section 3.2).
 */
export const clientOperation = {
  tags: ['services'],
  consumes: [FORM_TYPE],
  security: [{ clientSecret: [] }, {}]
}

/** How a client says who it is where it does not send `Authorization: Basic`. */
export const ClientParameters = {
  client_id: Type.Optional(Type.String()),
  client_secret: Type.Optional(Type.String({ description: '`client_secret_post`.' })),
  client_assertion_type: Type.Optional(
    Type.String({ description: '`urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.' })
  ),
  client_assertion: Type.Optional(
    Type.String({
      description:
        '`private_key_jwt`: a JWT signed with the key of the client, ES256 or EdDSA; `iss` and `sub` are the client_id, `aud` is the issuer alone, `exp` within ten minutes, `jti` works once.'
    })
  )
}

/** A token of whichever kind, and what it is thought to be. */
export const TokenParameters = {
  token: Type.String({ minLength: 1 }),
  token_type_hint: Type.Optional(Type.String({ description: 'Not needed: every kind of token is told by its form.' }))
}
