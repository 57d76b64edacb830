import type { MemberError } from '../domain/problems.ts'
import { isCleanText, UNCLEAN } from './clean-text.ts'
import { pointerTo, unknownMember } from './validation-messages.ts'

/** A described parameter's value, or what is wrong with it. */
type Read = { readonly value: unknown } | { readonly message: string }

export interface QueryReading {
  readonly values: Record<string, unknown>
  readonly errors: readonly MemberError[]
}

/** Decimal and without padding: `1e1`, `0x10`, `+5` and `007` are not the way in which anybody writes 10, 16, 5 and 7. */
const INTEGER = /^(?:0|-?[1-9]\d{0,15})$/

/**
 * Turns the texts of a query into the types that its schema describes. Whether the values are in range is for the schema;
 * here a text is of its type or it is refused, and a parameter is described and there once, or it is refused.
 */
export function queryReader(schema: unknown): (query: object) => QueryReading {
  const types = typesOf(schema)
  return (query) => {
    const values: Record<string, unknown> = {}
    const errors: MemberError[] = []
    for (const [name, sent] of Object.entries<unknown>({ ...query })) {
      const type = types.get(name)
      if (type === undefined) {
        errors.push(unknownMember('', name))
        continue
      }
      const read = valueOf(sent, type)
      if ('value' in read) values[name] = read.value
      else errors.push({ pointer: pointerTo('', name), message: read.message })
    }
    return { values, errors }
  }
}

/** `sent` is as `parseQuery` gives it. */
function valueOf(sent: unknown, type: unknown): Read {
  if (Array.isArray(sent)) return { message: 'must be there once' }
  if (typeof sent !== 'string') return { message: 'is not percent-encoded UTF-8' }
  if (!isCleanText(sent)) return { message: UNCLEAN }
  if (type === 'integer') {
    const value = INTEGER.test(sent) ? Number(sent) : NaN
    return Number.isSafeInteger(value) ? { value } : { message: 'must be a whole number' }
  }
  if (type === 'boolean') {
    return sent === 'true' || sent === 'false' ? { value: sent === 'true' } : { message: 'must be true or false' }
  }
  return { value: sent }
}

/** What is neither an integer nor a boolean stays a text. */
function typesOf(schema: unknown): ReadonlyMap<string, unknown> {
  if (typeof schema !== 'object' || schema === null || !('properties' in schema)) {
    throw new TypeError('a query is described by an object and its properties')
  }
  return new Map(
    Object.entries(schema.properties ?? {}).map(([name, property]: [string, unknown]) => [
      name,
      typeof property === 'object' && property !== null && 'type' in property ? property.type : 'string'
    ])
  )
}
