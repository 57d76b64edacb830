import { Type, type Static, type TSchema } from '@sinclair/typebox'
import { Problem } from '../domain/problems.ts'
import { isUuid } from '../domain/uuid-bytes.ts'

/** The query of every list. */
export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'Items at most.' })),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: '`next_cursor` of the page before, as it stands.' })
  )
}

export const Page = <Item extends TSchema>(item: Item, example: Static<Item>) =>
  Type.Object(
    { items: Type.Array(item), next_cursor: Type.Union([Type.String(), Type.Null()]) },
    { description: 'One page; `next_cursor` is null on the last.', examples: [{ items: [example], next_cursor: null }] }
  )

/**
 * The id that a cursor stands for.
 *
 * @param isId what the ids of the list look like
 * @throws Problem `validation_failed` for a cursor that no such list gave.
 */
export function idOfCursor(cursor: string | undefined, isId: (id: string) => boolean = isUuid): string | undefined {
  if (cursor === undefined) return undefined
  const id = Buffer.from(cursor, 'base64url').toString('latin1')
  if (isId(id) && cursorOf(id) === cursor) return id
  throw new Problem('validation_failed', {
    errors: [{ pointer: '/cursor', message: 'must be a next_cursor of this list' }]
  })
}

const cursorOf = (id: string) => Buffer.from(id, 'latin1').toString('base64url')

/** A page of `limit` items, made of one item more than that where there is one. */
export function pageOf<Item extends { readonly id: string }, Shape>(
  found: readonly Item[],
  limit: number,
  shape: (item: Item) => Shape
): { items: Shape[]; next_cursor: string | null } {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return {
    items: items.map(shape),
    next_cursor: found.length > limit && last !== undefined ? cursorOf(last.id) : null
  }
}
