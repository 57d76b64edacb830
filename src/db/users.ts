import { sql } from 'drizzle-orm'
import { users } from '../../drizzle/schema.ts'
import type { Act } from '../domain/act.ts'
import { ADMIN } from '../domain/permissions.ts'
import type { Database } from './database.ts'
import { decode } from './decode.ts'
import type { UserRecord } from '../domain/records.ts'
import { auditOf, idParameter, seconds } from './statements.ts'

/** What is known of a user before the record is written. */
export type NewUser = Pick<UserRecord, 'id' | 'email' | 'emailKey' | 'displayName' | 'passwordHash' | 'roles'>

/** A one-use token, hashed, that is to be made with something else. */
export interface NewResetToken {
  readonly hash: Uint8Array
  readonly lifetimeSeconds: number
}

export interface UserFilter {
  readonly role?: string | undefined
  readonly disabled?: boolean | undefined
  /** What `email_key` begins with. */
  readonly emailPrefix?: string | undefined
  /** Only users after this one. */
  readonly after?: string | undefined
  readonly limit: number
}

export interface UserRepository {
  /** Null where the address is taken. The action is `user.registered`, `user.created` or `user.bootstrapped`. */
  create(user: NewUser, action: string, act: Act, reset?: NewResetToken): Promise<UserRecord | null>
  /** Makes an administrator where there is none that is not disabled: `made`, or why not. */
  createFirstAdmin(user: NewUser, act: Act): Promise<'made' | 'not_needed' | 'email_taken'>
  find(id: string): Promise<UserRecord | null>
  /** In the order in which they were made. */
  list(filter: UserFilter): Promise<readonly UserRecord[]>
  /** Whether there is an administrator that is not disabled. */
  hasAdmin(): Promise<boolean>
}

export const ADMIN_ENABLED = sql.raw(`roles @> array['${ADMIN}']::text[] and disabled_at is null`)

export const rolesParameter = (roles: readonly string[]) => sql`${sql.param([...roles], users.roles)}::text[]`

const valuesOf = ({ id, email, emailKey, displayName, passwordHash, roles }: NewUser) => sql`
  ${id}::uuid, ${email}::text, ${emailKey}::text, ${displayName}::text, ${passwordHash}::text, ${rolesParameter(roles)}`

const COLUMNS = sql.raw('id, email, email_key, display_name, password_hash, roles')

export function createUserRepository(database: Database): UserRepository {
  const hasAdmin = async () => {
    const [row] = await database.run(sql`select exists (select from users where ${ADMIN_ENABLED}) as found`)
    return row?.['found'] === true
  }

  return {
    hasAdmin,

    async create(user, action, act, reset) {
      const [row] = await database.run(sql`
        with made as (
          insert into users (${COLUMNS}) values (${valuesOf(user)}) on conflict (email_key) do nothing returning *
        ), reset as (
          insert into reset_tokens (token_hash, user_id, expires_at)
          select ${reset?.hash ?? null}::bytea, id, clock_timestamp() + ${seconds(reset?.lifetimeSeconds ?? 0)}
          from made where ${reset !== undefined}::boolean
        ), audit as (${auditOf(act, 'made', {
          action,
          actor: sql`coalesce(${act.actor}::text, id::text)`,
          subject: sql`id::text`,
          detail: sql`jsonb_build_object('roles', roles)`
        })})
        select * from made`)
      return row === undefined ? null : decode(users, row)
    },

    async createFirstAdmin(user, act) {
      const [row] = await database.run(sql`
        with made as (
          insert into users (${COLUMNS}) select ${valuesOf(user)}
          where not exists (select from users where ${ADMIN_ENABLED})
          on conflict (email_key) do nothing returning *
        ), audit as (${auditOf(act, 'made', { action: 'user.created', subject: sql`id::text`, detail: sql`jsonb_build_object('roles', roles)` })})
        select id from made`)
      if (row !== undefined) return 'made'
      return (await hasAdmin()) ? 'not_needed' : 'email_taken'
    },

    async find(id) {
      const [row] = await database.run(sql`select * from users where id = ${idParameter(id)}`)
      return row === undefined ? null : decode(users, row)
    },

    async list({ role, disabled, emailPrefix, after, limit }) {
      const conditions = [
        ...(role === undefined ? [] : [sql`roles @> ${rolesParameter([role])}`]),
        ...(disabled === undefined ? [] : [sql`(disabled_at is not null) = ${disabled}::boolean`]),
        ...(emailPrefix === undefined ? [] : [sql`email_key like ${`${escapeLike(emailPrefix)}%`}::text`]),
        ...(after === undefined ? [] : [sql`id > ${after}::uuid`])
      ]
      const where = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
      const rows = await database.run(sql`select * from users ${where} order by id limit ${limit}::int`)
      return rows.map((row) => decode(users, row))
    }
  }
}

const escapeLike = (text: string) => text.replace(/[\\%_]/g, String.raw`\$&`)
