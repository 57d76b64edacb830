import { sql, type SQL } from 'drizzle-orm'
import { clients } from '../../drizzle/schema.ts'
import type { Act } from '../domain/act.ts'
import type { ClientRecord, ClientSecret, ClientWithSecrets } from '../domain/records.ts'
import type { Database, Row } from './database.ts'
import { columnsOf, decode, milliseconds } from './decode.ts'
import { auditOf, idParameter } from './statements.ts'
import { unlessGone } from './outage.ts'

/** What is known of a client before the record is written. */
export type NewClient = Pick<ClientRecord, 'id' | 'name' | 'permissions' | 'audiences' | 'publicJwk'>

/** A secret, hashed, that is to be stored. */
export interface NewSecret {
  readonly id: string
  readonly hash: Uint8Array
}

export interface ClientRepository {
  /** Makes a client with one secret. */
  create(client: NewClient, secret: NewSecret, act: Act): Promise<ClientWithSecrets>
  find(id: string): Promise<ClientWithSecrets | null>
  /** In the order in which they were made. */
  list(page: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly ClientWithSecrets[]>
  /** Adds a second secret; it is the statement that decides whether there is room for it. */
  addSecret(clientId: string, secret: NewSecret, act: Act): Promise<'added' | 'missing' | 'too_many'>
}

export const namesParameter = (names: readonly string[]) => sql`${sql.param([...names], clients.permissions)}::text[]`
export const jwkParameter = (jwk: ClientRecord['publicJwk']) => sql`${jwk === null ? null : JSON.stringify(jwk)}::jsonb`

/** The secrets in the rows of `source`, as one column. */
const secretsOf = (source: SQL) => sql`
  coalesce((select json_agg(json_build_object('id', id, 'created_at', ${milliseconds(sql`created_at`)},
    'last_used_at', ${milliseconds(sql`last_used_at`)}) order by id) from ${source}), '[]'::json) as secrets`

const SECRETS = secretsOf(sql`client_secrets where client_id = c.id`)
/** The columns of a client, where `c` stands for it, and its secrets. */
export const CLIENT = sql`${columnsOf(clients, 'c')}, ${SECRETS}`

/** Tries to find a free place, where others take theirs at the same instant. */
const MOST_TRIES = 3

export function createClientRepository(database: Database): ClientRepository {
  return {
    async create({ id, name, permissions, audiences, publicJwk }, secret, act) {
      const [row] = await database.run(sql`
        with c as (
          insert into clients (id, name, permissions, audiences, public_jwk)
          values (${id}::uuid, ${name}::text, ${namesParameter(permissions)}, ${namesParameter(audiences)}, ${jwkParameter(publicJwk)})
          returning *
        ), secret as (
          insert into client_secrets (id, client_id, slot, secret_hash)
          select ${secret.id}::uuid, id, 1, ${secret.hash}::bytea from c returning *
        ), audit as (${auditOf(act, 'c', {
          action: 'client.created',
          subject: sql`id::text`,
          detail: sql`jsonb_build_object('permissions', permissions, 'audiences', audiences)`
        })})
        select ${columnsOf(clients, 'c')}, ${secretsOf(sql`secret`)} from c`)
      if (row === undefined) throw new Error('A client was not made.')
      return clientOf(row)
    },

    async find(id) {
      const [row] = await database.run(sql`select ${CLIENT} from clients c where c.id = ${idParameter(id)}`)
      return row === undefined ? null : clientOf(row)
    },

    async list({ after, limit }) {
      const rows = await database.run(sql`
        select ${CLIENT} from clients c where ${after ?? null}::uuid is null or c.id > ${after ?? null}::uuid
        order by c.id limit ${limit}::int`)
      return rows.map(clientOf)
    },

    async addSecret(clientId, { id, hash }, act) {
      for (let tries = 1; tries <= MOST_TRIES; tries++) {
        const rows = await unlessGone(
          database.run(sql`
          with c as (select id from clients where id = ${idParameter(clientId)}),
          free as (
            select c.id, min(place) as slot from c, (values (1), (2)) as places(place)
            where not exists (select from client_secrets s where s.client_id = c.id and s.slot = place) group by c.id
          ), added as (
            insert into client_secrets (id, client_id, slot, secret_hash)
            select ${id}::uuid, id, slot, ${hash}::bytea from free
            on conflict (client_id, slot) do nothing returning *
          ), audit as (${auditOf(act, 'added', {
            action: 'client.secret_added',
            subject: sql`client_id::text`,
            detail: sql`jsonb_build_object('secret', id)`
          })})
          select (select slot from free) as slot, exists (select from added) as added from c`)
        )
        const row = rows?.[0]
        if (row === undefined) return 'missing'
        if (row['added'] === true) return 'added'
        if (row['slot'] === null) return 'too_many'
        // Somebody else took the place: there may be another one.
      }
      return 'too_many'
    }
  }
}

interface StoredSecret {
  readonly id: string
  readonly created_at: number
  readonly last_used_at: number | null
}

const secretOf = ({ id, created_at, last_used_at }: StoredSecret): ClientSecret => ({
  id,
  createdAt: new Date(created_at),
  lastUsedAt: last_used_at === null ? null : new Date(last_used_at)
})

/** Reads a row of `CLIENT`. */
export function clientOf(row: Row): ClientWithSecrets {
  const secrets = row['secrets']
  return { ...decode(clients, row), secrets: Array.isArray(secrets) ? secrets.map(secretOf) : [] }
}
