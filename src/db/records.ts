import { sessions, users } from '../../drizzle/schema.ts'
import type { Grant } from '../domain/records.ts'
import type { Row } from './database.ts'
import { decode } from './decode.ts'

/** A row whose columns are a user's, a session's with the prefix `s_`, and `now`. */
export const grantOf = (row: Row): Grant => ({
  user: decode(users, row),
  session: decode(sessions, row, 's_'),
  now: Number(row['now'])
})
