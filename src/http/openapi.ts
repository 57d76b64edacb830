type Json = Record<string, unknown>

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const recordAt = (value: unknown, ...path: readonly string[]): Json =>
  path.reduce<Json>((at, name) => (isRecord(at[name]) ? at[name] : {}), isRecord(value) ? value : {})

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']

/** Every operation of an OpenAPI document with its method and path. */
export function operationsOf(document: object): { method: string; path: string; operation: Json }[] {
  return Object.entries(recordAt(document, 'paths')).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = isRecord(item) ? item[method] : undefined
      return isRecord(operation) ? [{ method, path, operation }] : []
    })
  )
}

/**
 * Writes into a freshly generated document, in place, what the generator does not take from the schemas: which bodies may
 * be left out, and the examples of schemas that are shared.
 */
export function completeDocument(document: object): void {
  const schemas = recordAt(document, 'components', 'schemas')
  for (const { operation } of operationsOf(document)) {
    const { requestBody } = operation
    const media = [requestBody, ...Object.values(recordAt(operation, 'responses'))]
      .flatMap((carrier) => Object.values(recordAt(carrier, 'content')))
      .filter(isRecord)
    for (const one of media) lift(one, schemas)
    if (isRecord(requestBody))
      requestBody['required'] = !Object.values(recordAt(requestBody, 'content')).some(takesNothing)
  }
}

/** No body is as good as `{}` (the plugin `bodies`), but the generator calls every body required. */
function takesNothing(media: unknown): boolean {
  const { type, required = [], minProperties = 0 } = recordAt(media, 'schema')
  return type === 'object' && Array.isArray(required) && required.length === 0 && minProperties === 0
}

/** Beside a `$ref` the generator keeps nothing: the first example of the shared schema is repeated where it is used. */
function lift(media: Json, schemas: Json): void {
  if ('example' in media || 'examples' in media) return
  const { $ref } = recordAt(media, 'schema')
  if (typeof $ref !== 'string') return
  const { examples } = recordAt(schemas, $ref.slice($ref.lastIndexOf('/') + 1))
  if (Array.isArray(examples) && examples.length > 0) media['example'] = examples[0]
}
