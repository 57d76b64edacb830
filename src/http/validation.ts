import { Ajv, type ValidateFunction } from 'ajv'
import type { FastifySchemaControllerOptions } from 'fastify/types/schema.js'
import { Problem } from '../domain/problems.ts'
import { FORMATS } from './validation-formats.ts'
import { memberErrors, validationFailed } from './validation-messages.ts'
import { queryReader } from './validation-query.ts'

interface RoutePart {
  readonly schema: unknown
  /** Fastify's name of the part of the request that the schema is for. */
  readonly httpPart?: string
}

/** What Fastify makes of a route's schema: a function that gives the value to go on with, or the problem. */
type Check = (data: unknown) => { readonly value: unknown } | { readonly error: Problem }

type Compile = (part: RoutePart) => Check
type Schemas = Readonly<Record<string, unknown>>

/**
 * For Fastify's `compilersFactory.buildValidator`, so that it holds in every scope, whatever is registered when. Unlike
 * Fastify's own it neither coerces nor removes: what is not as described is refused (ASVS v5.0.0-2.2.1), and every member
 * that is refused is named. Scopes that share the same schemas share what was compiled of them.
 */
export function validatorBuilder(): NonNullable<
  NonNullable<FastifySchemaControllerOptions['compilersFactory']>['buildValidator']
> {
  let latest: { readonly shared: Schemas; readonly compile: Compile } | undefined
  const build = (shared: Schemas): Compile => {
    if (latest === undefined || !isSame(latest.shared, shared)) latest = { shared, compile: compiler(shared) }
    return latest.compile
  }
  // The type of the option is that of Ajv's own `compile`; what Fastify calls is what its `FastifySchemaCompiler` says.
  return build as never
}

const isSame = (a: Schemas, b: Schemas): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((id) => a[id] === b[id])

function compiler(shared: Schemas): Compile {
  let ajv: Ajv | null = null
  return ({ schema, httpPart }) => {
    if (!isObject(schema)) throw new TypeError('a schema is an object')
    if (httpPart === 'body' || httpPart === 'querystring') refuseUnsaid(schema, shared)
    // At the start, although it takes time there: what is misspelt in a schema is to stop it.
    return checkOf(schema, httpPart, (ajv ??= validatorOver(shared)).compile(schema))
  }
}

function validatorOver(shared: Schemas): Ajv {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    useDefaults: true,
    allowUnionTypes: true,
    strictTypes: false,
    strictRequired: false,
    // Schemas are ours. Holding them against the schema of schemas would cost every start; strict mode finds misspellings.
    meta: false,
    validateSchema: false,
    formats: FORMATS
  })
  for (const schema of Object.values(shared)) if (isObject(schema)) ajv.addSchema(schema)
  return ajv
}

function checkOf(schema: object, httpPart: string | undefined, check: ValidateFunction): Check {
  if (httpPart === 'querystring') return queryCheck(schema, check)
  // Nothing has such a name; that the name could not even be one is not worth another answer.
  if (httpPart === 'params') return (data) => (check(data) ? { value: data } : { error: new Problem('not_found') })
  if (httpPart === 'headers') return (data) => (check(data) ? { value: data } : { error: new Problem('bad_request') })
  return (data) => (check(data) ? { value: data } : { error: validationFailed(memberErrors(check.errors ?? [])) })
}

function queryCheck(schema: object, check: ValidateFunction): Check {
  const read = queryReader(schema)
  return (data) => {
    const { values, errors } = read(isObject(data) ? data : {})
    if (check(values) && errors.length === 0) return { value: values }
    // What was refused as it was read is missing from the values: only the first error of each parameter counts.
    const refused = new Set(errors.map(({ pointer }) => pointer))
    const others = memberErrors(check.errors ?? []).filter(({ pointer }) => !refused.has(pointer))
    return { error: validationFailed([...errors, ...others]) }
  }
}

/** Strictness that somebody forgot to write would be laxness that nobody sees: a body that takes other members says so. */
function refuseUnsaid(schema: object, shared: Schemas): void {
  if ('$ref' in schema && typeof schema.$ref === 'string') {
    const target = shared[schema.$ref.replace(/#$/, '')]
    if (isObject(target)) refuseUnsaid(target, shared)
  }
  if ('properties' in schema && !('additionalProperties' in schema)) {
    const names = Object.keys(schema.properties ?? {}).join(', ')
    throw new TypeError(`additionalProperties is to be set beside the properties ${names}`)
  }
  for (const [keyword, part] of Object.entries<unknown>({ ...schema })) {
    if (isObject(part) && !HOLDING_VALUES.has(keyword)) refuseUnsaid(part, shared)
  }
}

/** Keywords that hold values and not schemas. */
const HOLDING_VALUES = new Set(['const', 'default', 'enum', 'examples'])

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
