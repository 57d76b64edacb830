import { Type, type TSchema } from '@sinclair/typebox'

export interface Described {
  readonly description: string
  /** The text that counts where the variable is not set. */
  readonly default?: string
  /** Where that is no fixed text: what happens then. */
  readonly otherwise?: string
}

/** What a setting is, beside the schema of its value. */
export interface About extends Described {
  /** What it takes, for people: the end of "it takes …". */
  readonly takes: string
  /** Makes a value of the text, for the schema to check; undefined where there is none. */
  readonly read: (text: string) => unknown
  /** What may be shown of the text in messages and logs: the whole of it, unless said otherwise. */
  readonly show?: (text: string) => string
}

/** The schema of the value of one setting, which also says what it is for and how its text is read. */
export const setting = <Schema extends TSchema>(schema: Schema, about: About): Schema & About =>
  Object.assign(schema, about)

export const integer = ({ least, most, ...described }: Described & { least: number; most: number }) =>
  setting(Type.Integer({ minimum: least, maximum: most }), {
    ...described,
    takes: `a whole number from ${least} to ${most}`,
    read: (text) => (/^(?:0|[1-9]\d*)$/.test(text) ? Number(text) : undefined)
  })

const UNIT_SECONDS: ReadonlyMap<string, number> = new Map(Object.entries({ s: 1, m: 60, h: 3600, d: 86_400 }))

/** NaN for what is not a whole number from 1 and a unit. */
function secondsOf(text: string): number {
  const [, count, unit = ''] = /^([1-9]\d*)([smhd])$/.exec(text) ?? []
  return Number(count) * Number(UNIT_SECONDS.get(unit))
}

/** As a setting would say it, in the largest unit that fits. */
export const durationOf = (seconds: number) =>
  [...UNIT_SECONDS].reduce((text, [unit, size]) => (seconds % size === 0 ? `${seconds / size}${unit}` : text), '')

/** In seconds. */
export const duration = ({ most, orZero = false, ...described }: Described & { most: string; orZero?: boolean }) =>
  setting(Type.Integer({ minimum: orZero ? 0 : 1, maximum: secondsOf(most) }), {
    ...described,
    takes: `a whole number and a unit s, m, h or d, from 1s to ${most}${orZero ? ', or 0' : ''}`,
    read: (text) => (text === '0' ? 0 : secondsOf(text))
  })

export const onOff = (described: Described & { readonly default: 'on' | 'off' }) =>
  setting(Type.Boolean(), {
    ...described,
    takes: 'on or off',
    read: (text) => (text === 'on' ? true : text === 'off' ? false : undefined)
  })

export const oneOf = <Name extends string>(names: readonly Name[], described: Described & { readonly default: Name }) =>
  setting(Type.Union(names.map((name) => Type.Literal(name))), {
    ...described,
    takes: `one of ${names.join(', ')}`,
    read: (text) => text
  })
