import { ASSERTION_KEYS } from './client-assertion.ts'
import { importJwk } from './jwk.ts'
import { MOST_PERMISSIONS, PERMISSION_PATTERN } from './permissions.ts'

/** Characters of a client's name, at most. */
export const LONGEST_CLIENT_NAME = 100
/** As AUDIENCE of a service may be: it becomes `aud` as it stands. */
export const AUDIENCE_PATTERN = '^[!-~]{1,256}$'
export const MOST_AUDIENCES = 20

export interface ClientForm {
  readonly name: string
  readonly permissions: readonly string[]
  readonly audiences: readonly string[]
}

/** What is wrong with a client that is typed and not checked against a schema, as the end of a sentence; null for nothing. */
export function faultOfClient({ name, permissions, audiences }: ClientForm): string | null {
  if (name === '' || Array.from(name).length > LONGEST_CLIENT_NAME)
    return `name is 1 to ${LONGEST_CLIENT_NAME} characters`
  if (name.includes('\0') || !name.isWellFormed()) return 'name is not clean text'
  const bad = permissions.find((permission) => !new RegExp(PERMISSION_PATTERN).test(permission))
  if (bad !== undefined) return `permissions are of the form word:word, in lower case, and '${bad}' is not`
  if (permissions.length > MOST_PERMISSIONS) return `permissions are ${MOST_PERMISSIONS} at most`
  if (!audiences.every((audience) => new RegExp(AUDIENCE_PATTERN).test(audience))) {
    return 'audiences are 1 to 256 visible ASCII characters each'
  }
  return audiences.length > MOST_AUDIENCES ? `audiences are ${MOST_AUDIENCES} at most` : null
}

/** What is stored of a `public_jwk`: null for none, else a sound key for assertions; or what is wrong with it. */
export function readPublicJwk(
  jwk: unknown
): { readonly publicJwk: Readonly<Record<string, string>> | null } | { readonly wrong: string } {
  if (jwk === null) return { publicJwk: null }
  const key = importJwk(jwk, ASSERTION_KEYS)
  return 'wrong' in key ? key : { publicJwk: key.publicJwk }
}
