import { sql } from 'drizzle-orm'
import type { Act } from '../domain/act.ts'
import type { Database } from './database.ts'
import type { DeniedToken } from './sessions.ts'
import { auditOf, journalOf, REMEMBERED_UNTIL, REVOKED, revokedBy, type Revoked } from './statements.ts'

export interface DeniedTokens {
  /** Denies one access token by its `jti`; nothing where it is denied already, or has expired. */
  deny(token: DeniedToken, act: Act): Promise<void>
}

export function createDeniedTokens(database: Database, revoked: Revoked): DeniedTokens {
  return {
    async deny({ jti, subject, expiresAt }, act) {
      const [row] = await database.run(sql`
        with denied as (
          insert into denied_tokens (jti, subject, reason, expires_at)
          select ${jti}::text, ${subject}::text, 'revoked', to_timestamp(${expiresAt}::float8)
          where to_timestamp(${expiresAt}::float8) > clock_timestamp() - interval '1 minute'
          on conflict (jti) do nothing
          returning jti, subject
        ), journal as (${journalOf(sql`select 'token', jti, null::int, null::int, ${REMEMBERED_UNTIL} from denied`)}),
        audit as (${auditOf(act, 'denied', {
          action: 'token.revoked',
          subject: sql`subject`,
          detail: sql`jsonb_build_object('token', jti)`
        })})
        select ${REVOKED}`)
      revoked(revokedBy(row))
    }
  }
}
