import { readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { Type, type TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { HIDDEN, NOTHING, shown, type SettingProblem } from './bad-settings.ts'
import { ENVIRONMENT, type Settings } from './environment.ts'
import type { About } from './setting.ts'

export type Environment = Readonly<Record<string, string | undefined>>

interface Found {
  /** The variable that it was found by. */
  readonly name: string
  readonly text: string
}

const SETTINGS_READ = Type.Partial(ENVIRONMENT)

export const isSet = (env: Environment, name: keyof Settings) =>
  env[name] !== undefined || env[`${name}_FILE`] !== undefined

/**
 * Reads every setting by itself; what they must be to each other is not asked here.
 *
 * @returns the values that are right, defaults included, and a problem for each of the others.
 */
export function readSettings(env: Environment): { values: Partial<Settings>; problems: SettingProblem[] } {
  const values: Record<string, unknown> = {}
  const problems: SettingProblem[] = []
  for (const [name, setting] of Object.entries(ENVIRONMENT.properties)) {
    const found = find(env, name, setting)
    if (found === null) continue
    const outcome = 'takes' in found ? found : judge(found, setting)
    if ('takes' in outcome) problems.push(outcome)
    else values[name] = outcome.value
  }
  Value.Assert(SETTINGS_READ, values)
  return { values, problems }
}

function find(env: Environment, name: string, setting: About): Found | SettingProblem | null {
  const fileName = `${name}_FILE`
  const text = env[name] ?? setting.default
  const path = env[fileName]
  if (path === undefined) return text === undefined ? null : { name, text }
  if (env[name] === undefined) return readText(fileName, path, setting)
  return { name: fileName, got: `a path, while ${name} is set too`, takes: `the place of ${name}: set one of the two` }
}

/** UTF-8, without the line end that editors and `echo` put at the end. */
function readText(name: string, path: string, { show }: About): Found | SettingProblem {
  try {
    // Bytes that are no text would lose what made them random, so they are refused and not replaced.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
    return { name, text: text.replace(/\r?\n$/, '') }
  } catch {
    // A secret put where the path of its file belongs stays hidden.
    const got = show === undefined || isAbsolute(path) ? shown(path) : HIDDEN
    return { name, got, takes: 'the path of a file that exists, may be read by this process and is UTF-8 text' }
  }
}

function judge({ name, text }: Found, setting: TSchema & About): SettingProblem | { readonly value: unknown } {
  const { read, show, takes } = setting
  if (text === '') {
    // Mostly a variable that was to be filled in and was not; a default in its place would open another database.
    return { name, got: shown(text), takes: `${takes}; leave it unset for the default` }
  }
  const value = read(text)
  if (Value.Check(setting, value)) return { value }
  const inside = show === undefined ? Value.Errors(setting, value).First() : undefined
  if (inside === undefined || inside.path === '') return { name, got: (show ?? shown)(text), takes }
  const got = inside.value === undefined ? NOTHING : shown(inside.value)
  return { name, got: `${got} at ${inside.path}`, takes }
}
