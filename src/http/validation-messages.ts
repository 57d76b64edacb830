import type { ErrorObject } from 'ajv'
import { Problem, type MemberError } from '../domain/problems.ts'

/** Most refused members that one answer names: it should be read, and not be larger than the request. */
export const MOST_ERRORS = 20
/** A longer name is not repeated in the answer; the object that has it is named instead. */
const LONGEST_NAME = 100

/** The problem for members that are refused, of a body or of a query. */
export function validationFailed(errors: readonly MemberError[]): Problem {
  const [first] = errors
  const detail = first === undefined ? undefined : `${first.pointer === '' ? 'It' : first.pointer} ${first.message}.`
  return new Problem('validation_failed', { detail, errors: errors.slice(0, MOST_ERRORS) })
}

/** JSON Pointer (RFC 6901 section 3) to a member of what `parent` points to. */
export const pointerTo = (parent: string, name: string | number): string =>
  `${parent}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`

/** A member that no schema describes. */
export function unknownMember(parent: string, name: string): MemberError {
  if (name.length > LONGEST_NAME) return { pointer: parent, message: 'has a member that is not described' }
  return { pointer: pointerTo(parent, name), message: 'is not described' }
}

/** What Ajv found (with `verbose`), each member once. The messages are of what the schema wants, never of what was sent. */
export function memberErrors(found: readonly ErrorObject[]): readonly MemberError[] {
  const explained = new Set(found.filter(isChoice).flatMap((choice) => explainedBy(choice, found)))
  const errors = new Map<string, MemberError>()
  for (const error of found) {
    if (explained.has(error)) continue
    const described = memberError(error)
    if (!errors.has(described.pointer)) errors.set(described.pointer, described)
    if (errors.size === MOST_ERRORS) break
  }
  return [...errors.values()]
}

const isChoice = ({ keyword }: ErrorObject): boolean => keyword === 'anyOf' || keyword === 'oneOf'

/**
 * The errors that say no more beside the others. What is wrong with each alternative explains nothing, so the choice itself
 * is reported; but where there is one alternative and null, what is wrong with that one is all that there is to say.
 */
function explainedBy(choice: ErrorObject, found: readonly ErrorObject[]): readonly ErrorObject[] {
  const inAlternative = (error: ErrorObject, index: number) =>
    error.schemaPath.startsWith(`${choice.schemaPath}/${index}/`)
  const alternatives: readonly unknown[] = [choice.schema].flat()
  const real = alternatives.flatMap((one, index) => (isNull(one) ? [] : [index]))
  const [only] = real
  if (real.length !== 1 || only === undefined) {
    return found.filter((error) => alternatives.some((_one, index) => inAlternative(error, index)))
  }
  const others = alternatives.flatMap((_one, index) => (index === only ? [] : [index]))
  return found.filter((error) => error === choice || others.some((index) => inAlternative(error, index)))
}

function memberError(error: ErrorObject): MemberError {
  const { instancePath: pointer, keyword, params } = error
  if (keyword === 'required')
    return { pointer: pointerTo(pointer, String(params['missingProperty'])), message: 'is required' }
  if (keyword === 'additionalProperties') return unknownMember(pointer, String(params['additionalProperty']))
  return { pointer, message: messageOf(error) }
}

function messageOf({ keyword, params, schema, parentSchema }: ErrorObject): string {
  const limit = Number(params['limit'])
  switch (keyword) {
    case 'type':
      return `must be ${[schema].flat().map(typeName).join(' or ')}`
    case 'enum':
      return `must be ${listed(schema)}`
    case 'const':
      return `must be ${listed([schema])}`
    case 'anyOf':
    case 'oneOf':
      return choiceMessage(schema)
    case 'format':
      return FORMAT_NAMES[String(schema)] ?? NOT_AS_DESCRIBED
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have at least ${limit} characters`
    case 'maxLength':
      return `must have at most ${limit} characters`
    case 'minItems':
      return `must have at least ${counted(limit, 'entry', 'entries')}`
    case 'maxItems':
      return `must have at most ${counted(limit, 'entry', 'entries')}`
    case 'minProperties':
      return `must have at least ${counted(limit, 'member', 'members')}`
    case 'uniqueItems':
      return 'must not hold the same entry twice'
    case 'minimum':
    case 'maximum':
      return rangeMessage(parentSchema ?? {})
    default:
      return NOT_AS_DESCRIBED
  }
}

const NOT_AS_DESCRIBED = 'is not as described'

const FORMAT_NAMES: Readonly<Record<string, string>> = {
  uuid: 'must be a UUID',
  'date-time': 'must be a date and time (RFC 3339)'
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  null: 'null',
  number: 'a number',
  object: 'an object',
  string: 'a string'
}

const typeName = (type: unknown): string => TYPE_NAMES[String(type)] ?? String(type)

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

const listed = (values: unknown): string =>
  [values]
    .flat()
    .map((value) => JSON.stringify(value))
    .join(' or ')

const isNull = (schema: unknown): boolean =>
  typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'null'

/** TypeBox writes a union of literals as alternatives of one value each. */
function choiceMessage(alternatives: unknown): string {
  const values = [alternatives].flat().map((one: unknown): unknown => {
    if (isNull(one)) return null
    return typeof one === 'object' && one !== null && 'const' in one ? one.const : undefined
  })
  return values.includes(undefined) ? NOT_AS_DESCRIBED : `must be ${listed(values)}`
}

function rangeMessage({ minimum, maximum }: Readonly<Record<string, unknown>>): string {
  if (typeof minimum === 'number' && typeof maximum === 'number') return `must be from ${minimum} to ${maximum}`
  return typeof minimum === 'number' ? `must be at least ${minimum}` : `must be at most ${String(maximum)}`
}
