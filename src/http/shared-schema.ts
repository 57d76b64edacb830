import { Type, type Static, type TSchema } from '@sinclair/typebox'

/**
 * A reference to a schema that has an `$id`, with the type of what it describes: it stands once in the document, under its
 * name. The scope of the route adds the schema by `app.addSchema`.
 */
export function shared<Schema extends TSchema>(schema: Schema) {
  if (schema.$id === undefined) throw new TypeError('Only a schema with an $id can be shared.')
  return Type.Unsafe<Static<Schema>>({ $ref: `${schema.$id}#` })
}
