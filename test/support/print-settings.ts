import { ENVIRONMENT } from '../../src/config.ts'

/** The rows of README's table of settings, made from the schema that the settings are checked with. */
export const settingsTable = (): string =>
  Object.entries(ENVIRONMENT.properties)
    .map(([name, setting]) => {
      const { description, takes, default: given, otherwise } = setting as Readonly<Record<string, string | undefined>>
      const row = [
        `\`${name}\``,
        given === undefined ? (otherwise ?? 'none') : `\`${given}\``,
        `${description} Takes ${takes}.`
      ]
      return `| ${row.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
    })
    .join('\n')
