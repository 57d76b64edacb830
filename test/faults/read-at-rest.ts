import { setTimeout as sleep } from 'node:timers/promises'
import type postgres from 'postgres'
import type { Stored } from './evidence.ts'

/** Milliseconds in which everything that a client has given up on comes to its end. */
const QUIET_WITHIN = 4000

/** Waits until nobody works on the database any more; gives the transactions that are open even then. */
export async function untilQuiet(sql: postgres.Sql): Promise<readonly string[]> {
  const from = performance.now()
  for (;;) {
    const open = await sql<{ state: string; query: string }[]>`
      select coalesce(state, '') as state, left(query, 80) as query from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
        and (xact_start is not null or state like 'idle in transaction%')`
    // What polls is at work at any time.
    const left = open.filter(({ state }) => state !== 'active')
    if (open.length === 0) return []
    if (performance.now() - from > QUIET_WITHIN) return left.map(({ state, query }) => `${state}: ${query}`)
    await sleep(20)
  }
}

/** Reads what there is about the accounts whose address begins with `name`, past the service. */
export async function readUsers(sql: postgres.Sql, name: string): Promise<readonly Stored[]> {
  return sql<Stored[]>`
    with u as (select * from users where email_key like ${`${name}-%`})
    select u.email_key as subject, u.token_version as version, u.disabled_at is not null as disabled, u.roles,
      (select count(*)::int from sessions s where s.user_id = u.id) as sessions,
      (select coalesce(sum(s.counter), 0)::int from sessions s where s.user_id = u.id) as turns,
      array(select s.id::text from sessions s where s.user_id = u.id and s.ended_at is not null) as ended,
      (select coalesce(jsonb_object_agg(action, n), '{}') from (
        select action, count(*)::int as n from audit_events a where a.subject = u.id::text group by action
      ) a) as audit,
      jsonb_build_object(
        'subject', (select count(*)::int from revocations r where r.kind = 'subject' and r.id = u.id::text),
        'sessions', array(
          select r.id from revocations r join sessions s on s.id::text = r.id
          where r.kind = 'session' and s.user_id = u.id)
      ) as journal
    from u`
}

/** What accounts of earlier rounds were when they were looked at last; nobody has any business with them since. */
export interface Ledger {
  /** Enters the accounts of a round, as they are now. */
  enter(sql: postgres.Sql, name: string): Promise<void>
  /** The rounds, of those named or of all, whose accounts are no longer what they were. */
  altered(sql: postgres.Sql, names?: readonly string[]): Promise<readonly string[]>
  readonly names: readonly string[]
}

export function createLedger(): Ledger {
  const entered = new Map<string, string>()
  return {
    async enter(sql, name) {
      entered.set(name, await digestOf(sql, name))
    },
    async altered(sql, names = [...entered.keys()]) {
      const altered: string[] = []
      for (const name of names) {
        if ((await digestOf(sql, name)) !== entered.get(name)) altered.push(`the accounts of round ${name}`)
      }
      return altered
    },
    get names() {
      return [...entered.keys()]
    }
  }
}

async function digestOf(sql: postgres.Sql, name: string): Promise<string> {
  const [row] = await sql<{ digest: string | null }[]>`
    with u as (select * from users where email_key like ${`${name}-%`}), all_rows as (
      select u::text as line from u
      union all select s::text from sessions s join u on u.id = s.user_id
      union all select a::text from audit_events a join u on u.id::text = a.subject
    )
    select md5(string_agg(line, '|' order by line)) as digest from all_rows`
  return row?.digest ?? ''
}
