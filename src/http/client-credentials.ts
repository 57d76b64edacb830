import type { FastifyRequest } from 'fastify'
import { decodeUtf8 } from '../domain/base64url.ts'
import { ASSERTION_TYPE } from '../domain/client-assertion.ts'
import { authorizationOf } from './authorization.ts'
import { invalidClient } from './oauth-errors.ts'
import { Problem } from '../domain/problems.ts'

/** The parameters by which a client can say who it is (RFC 6749 section 2.3.1, RFC 7521 section 4.2). */
export interface ClientParameters {
  readonly client_id?: string | undefined
  readonly client_secret?: string | undefined
  readonly client_assertion?: string | undefined
  readonly client_assertion_type?: string | undefined
}

export type ClientCredentials =
  | { readonly by: 'secret'; readonly clientId: string; readonly secret: string }
  | { readonly by: 'assertion'; readonly assertion: string; readonly clientId: string | null }

/**
 * What a client presents: `client_secret_basic`, `client_secret_post` or `private_key_jwt`, and one of them only (RFC 6749
 * section 2.3). Nothing is verified.
 *
 * @throws Problem `invalid_client` where there is nothing or what cannot be read, `bad_request` for two methods
 */
export function clientCredentialsOf(request: FastifyRequest, form: ClientParameters): ClientCredentials {
  const { client_id: clientId, client_secret: secret, client_assertion: assertion } = form
  const field = authorizationOf(request)
  const methods = [field, secret, assertion ?? form.client_assertion_type].filter((one) => one !== undefined)
  if (methods.filter((one) => one !== null).length > 1) {
    throw new Problem('bad_request', { detail: 'There is more than one client authentication.' })
  }
  if (field !== null) return basicCredentials(field, clientId)
  if (secret !== undefined) {
    if (clientId === undefined) throw invalidClient('client_id is missing beside client_secret.')
    return { by: 'secret', clientId, secret }
  }
  if (assertion === undefined) throw invalidClient('There is no client authentication.')
  if (form.client_assertion_type !== ASSERTION_TYPE) throw invalidClient(`client_assertion_type is ${ASSERTION_TYPE}.`)
  return { by: 'assertion', assertion, clientId: clientId ?? null }
}

const BASIC = /^basic ([A-Za-z0-9+/]+={0,2})$/i

function basicCredentials(field: string, clientId: string | undefined): ClientCredentials {
  const encoded = BASIC.exec(field)?.[1]
  if (encoded === undefined) throw invalidClient('Authorization must be `Basic`, one space and base64.')
  const text = decodeUtf8(Buffer.from(encoded, 'base64')) ?? ''
  const colon = text.indexOf(':')
  const [id, secret] = [formDecoded(text.slice(0, Math.max(0, colon))), formDecoded(text.slice(colon + 1))]
  if (colon < 1 || id === null || secret === null) {
    throw invalidClient('The Basic credentials are not client_id and client_secret, each form-encoded.')
  }
  if (clientId !== undefined && clientId !== id) {
    throw new Problem('bad_request', { detail: 'client_id is another one than in Authorization.' })
  }
  return { by: 'secret', clientId: id, secret }
}

/** RFC 6749 section 2.3.1: both parts are form-encoded before they are joined; appendix B says how. */
function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}
