import { getTableColumns, sql, type InferSelectModel, type SQL } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Row } from './database.ts'

/** Every column of `table`, read from what stands for it in a statement, named with a prefix where two tables meet in one row. */
export function columnsOf(table: PgTable, alias: string, prefix = ''): SQL {
  const names = Object.values(getTableColumns(table)).map(({ name }) => `${alias}.${name} as ${prefix}${name}`)
  return sql.raw(names.join(', '))
}

/**
 * Reads the columns of `table` out of a row of a hand-written statement, by the column types of the schema, so that both
 * drivers' values come out alike.
 */
export function decode<Table extends PgTable>(table: Table, row: Row, prefix = ''): InferSelectModel<Table> {
  const members = Object.entries(getTableColumns(table)).map(([member, column]) => {
    const value = row[prefix + column.name]
    if (value === undefined) throw new Error(`The statement did not select ${prefix}${column.name}.`)
    return [member, value === null ? null : column.mapFromDriverValue(value)]
  })
  // The schema is where both the statement's columns and this type come from.
  return Object.fromEntries(members) as InferSelectModel<Table>
}

/** The database's time in milliseconds since the epoch, as a number in both drivers. */
export const milliseconds = (instant: SQL): SQL => sql`(extract(epoch from ${instant}) * 1000)::float8`
