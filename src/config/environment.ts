import { Type, type Static } from '@sinclair/typebox'
import { ISSUER_SETTINGS } from './issuer-settings.ts'
import { PEOPLE_SETTINGS } from './people-settings.ts'
import { SERVICE_SETTINGS } from './service-settings.ts'
import { TOKEN_SETTINGS } from './token-settings.ts'

/**
 * The environment, one entry a setting: the schema of its value, what it is for and how its text is read. The
 * documentation is made of it. `NAME_FILE` stands for the same setting, as the path of a file that holds the text.
 */
export const ENVIRONMENT = Type.Object({
  ...SERVICE_SETTINGS,
  ...TOKEN_SETTINGS,
  ...ISSUER_SETTINGS,
  ...PEOPLE_SETTINGS
})

export type Settings = Static<typeof ENVIRONMENT>
