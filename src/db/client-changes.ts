import { sql } from 'drizzle-orm'
import type { Act } from '../domain/act.ts'
import type { ClientRecord, ClientWithSecrets } from '../domain/records.ts'
import { CLIENT, clientOf, jwkParameter, namesParameter } from './clients.ts'
import type { Database } from './database.ts'
import {
  auditOf,
  HIGHEST_VERSION,
  idParameter,
  journalOf,
  REMEMBERED_UNTIL,
  REVOKED,
  revokedBy,
  type Revoked
} from './statements.ts'

export interface ClientChange {
  readonly name?: string | undefined
  /** Sorted, each once. */
  readonly permissions?: readonly string[] | undefined
  readonly audiences?: readonly string[] | undefined
  /** Null takes the key away; undefined leaves it. */
  readonly publicJwk?: ClientRecord['publicJwk'] | undefined
  readonly disabled?: boolean | undefined
}

/**
 * Each change is in the journal, also one that ends no token: instances hold clients that have shown their secret, and forget
 * one that they hear of. The floor of such an entry is the version as it is, below which no token is good anyway. What is
 * only added, a client or a secret, is nobody's to forget.
 */
export interface ClientChanges {
  /**
   * Changes a client; null where there is none. Once a permission or an audience is taken away, the tokens already issued are
   * stale; after disabling they are over. What is added needs a new token and harms none.
   */
  change(id: string, change: ClientChange, act: Act): Promise<ClientWithSecrets | null>
  /** Removes a client with its secrets; its tokens are over. False where there is none. */
  remove(id: string, act: Act): Promise<boolean>
  /** Removes a secret; the tokens that were got with it live on. False where there is no such secret of that client. */
  removeSecret(clientId: string, secretId: string, act: Act): Promise<boolean>
}

export function createClientChanges(database: Database, revoked: Revoked): ClientChanges {
  return {
    async change(id, { name, permissions, audiences, publicJwk, disabled }, act) {
      const [row] = await database.run(sql`
        with locked as materialized (select * from clients where id = ${idParameter(id)} for no key update),
        planned as (
          select l.*,
            coalesce(${name ?? null}::text, l.name) as new_name,
            coalesce(${permissions === undefined ? null : namesParameter(permissions)}, l.permissions) as new_permissions,
            coalesce(${audiences === undefined ? null : namesParameter(audiences)}, l.audiences) as new_audiences,
            case when ${publicJwk !== undefined}::boolean then ${jwkParameter(publicJwk ?? null)} else l.public_jwk end as new_public_jwk,
            case when ${disabled ?? null}::boolean is null then l.disabled_at
                 when ${disabled ?? null}::boolean then coalesce(l.disabled_at, clock_timestamp()) end as new_disabled_at
          from locked l
        ), judged as (
          select p.*,
            not (p.permissions <@ p.new_permissions and p.audiences <@ p.new_audiences) as withdraws,
            p.new_permissions <> p.permissions as permissions_change,
            p.disabled_at is null and p.new_disabled_at is not null as disables,
            p.disabled_at is not null and p.new_disabled_at is null as enables,
            array_remove(array[
              case when p.new_name <> p.name then 'name' end,
              case when p.new_audiences <> p.audiences then 'audiences' end,
              case when p.new_public_jwk is distinct from p.public_jwk then 'public_jwk' end], null) as others
          from planned p
        ), c as (
          update clients u set
            name = j.new_name, permissions = j.new_permissions, audiences = j.new_audiences, public_jwk = j.new_public_jwk,
            disabled_at = j.new_disabled_at, token_version = j.token_version + (j.withdraws or j.disables)::int,
            updated_at = case when j.permissions_change or j.disables or j.enables or j.others <> '{}' then clock_timestamp() else j.updated_at end
          from judged j where u.id = j.id
          returning u.*
        ), seen as (
          select c.*, j.permissions as old_permissions, j.permissions_change, j.disables, j.enables, j.others
          from c join judged j on j.id = c.id
        ), journal as (${journalOf(sql`
          select 'client', id::text, token_version, case when disables then token_version end, ${REMEMBERED_UNTIL}
          from seen where permissions_change or disables or enables or others <> '{}'`)}),
        a1 as (${auditOf(act, 'seen where permissions_change', {
          action: 'client.permissions_changed',
          subject: sql`id::text`,
          detail: sql`jsonb_build_object('from', old_permissions, 'to', permissions)`
        })}),
        a2 as (${auditOf(act, 'seen where disables', { action: 'client.disabled', subject: sql`id::text` })}),
        a3 as (${auditOf(act, 'seen where enables', { action: 'client.enabled', subject: sql`id::text` })}),
        a4 as (${auditOf(act, `seen where others <> '{}'`, {
          action: 'client.changed',
          subject: sql`id::text`,
          detail: sql`jsonb_build_object('members', others)`
        })})
        select ${CLIENT}, ${REVOKED} from c`)
      if (row === undefined) return null
      revoked(revokedBy(row))
      return clientOf(row)
    },

    async remove(id, act) {
      const [row] = await database.run(sql`
        with removed as (delete from clients where id = ${idParameter(id)} returning id),
        journal as (${journalOf(sql`
          select 'client', id::text, null::int, ${HIGHEST_VERSION}::int, ${REMEMBERED_UNTIL} from removed`)}),
        audit as (${auditOf(act, 'removed', { action: 'client.deleted', subject: sql`id::text` })})
        select id, ${REVOKED} from removed`)
      revoked(revokedBy(row))
      return row !== undefined
    },

    async removeSecret(clientId, secretId, act) {
      const [row] = await database.run(sql`
        with removed as (
          delete from client_secrets where id = ${idParameter(secretId)} and client_id = ${idParameter(clientId)} returning *
        ), journal as (${journalOf(sql`
          select 'client', c.id::text, c.token_version, null::int, ${REMEMBERED_UNTIL}
          from removed r join clients c on c.id = r.client_id`)}),
        audit as (${auditOf(act, 'removed', {
          action: 'client.secret_removed',
          subject: sql`client_id::text`,
          detail: sql`jsonb_build_object('secret', id)`
        })})
        select id, ${REVOKED} from removed`)
      revoked(revokedBy(row))
      return row !== undefined
    }
  }
}
