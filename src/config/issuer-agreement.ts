import { ADMIN } from '../domain/permissions.ts'
import { shown, type SettingProblem } from './bad-settings.ts'
import type { Settings } from './environment.ts'
import { ISSUER_FORM, MOST_NAME_CHARACTERS } from './token-settings.ts'
import { readIssuer } from './texts.ts'

/** What ISSUER itself takes. */
const isIssuer = (text: string) => text.length <= MOST_NAME_CHARACTERS && readIssuer(text) !== undefined

/** What is wrong with external issuers that are each of the right form, with the place of each in the list. */
export function findBadIssuers(values: Partial<Settings>): SettingProblem[] {
  const { OIDC_ISSUERS: issuers = [], ISSUER: own, PORT: port, ROLES: roles } = values
  const ownIssuer = own ?? `http://localhost:${port}`
  const problems: SettingProblem[] = []
  const refuse = (value: unknown, path: string, takes: string) =>
    problems.push({ name: 'OIDC_ISSUERS', got: `${shown(value)} at ${path}`, takes })

  for (const [i, { issuer, role_map: roleMap = {} }] of issuers.entries()) {
    const at = `/${i}/issuer`
    if (!isIssuer(issuer)) refuse(issuer, at, `there ${ISSUER_FORM}`)
    // Two issuers of one name are one issuer: whoever holds a key of either could speak for both.
    else if (issuer === ownIssuer) refuse(issuer, at, 'there an issuer other than ISSUER')
    else if (issuers.findIndex((other) => other.issuer === issuer) < i) refuse(issuer, at, 'each issuer once')
    // Where ROLES itself is wrong, that is said, and not that its roles are missing.
    if (roles === undefined) continue
    for (const [value, role] of Object.entries(roleMap)) {
      if (role === ADMIN || Object.hasOwn(roles, role)) continue
      refuse(role, `/${i}/role_map/${value}`, `there ${ADMIN} or a role of ROLES`)
    }
  }
  return problems
}
