import { setTimeout as sleep } from 'node:timers/promises'
import { A_WHILE, forAWhile, nothing, type Fault, type Scene } from './fault.ts'
import { killPostgres } from './kill-postgres.ts'
import { promotion } from './promotion.ts'

const comesBack = async ({ stage }: Scene) => stage.server.up()

/** What can happen to PostgreSQL. */
export const POSTGRES_FAULTS: readonly Fault[] = [
  {
    name: 'postgres-stopped',
    recoversFrom: 'PostgreSQL is ready to accept connections',
    lasts: forAWhile,
    begin: ({ stage }) => stage.server.down('INT'),
    end: comesBack
  },
  {
    name: 'postgres-restarted',
    recoversFrom: 'PostgreSQL is ready to accept connections',
    lasts: () => 0,
    begin: nothing,
    async end(scene) {
      await scene.stage.server.down('INT')
      await comesBack(scene)
    }
  },
  {
    name: 'postgres-killed',
    recoversFrom: 'PostgreSQL is ready to accept connections',
    lasts: () => 500,
    begin: ({ stage }) => killPostgres(stage.server),
    end: comesBack
  },
  {
    name: 'backends-terminated',
    recoversFrom: 'no backend is terminated any more',
    lasts: () => 0,
    begin: nothing,
    end: ({ stage }) =>
      stage.query(async (sql) => {
        const from = performance.now()
        let terminated = 0
        while (performance.now() - from < A_WHILE * 1.5) {
          const done = await sql`
            select pg_terminate_backend(pid) from (
              select pid from pg_stat_activity
              where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
              order by random() limit 1
            ) one`
          terminated += done.length
          await sleep(50)
        }
        if (terminated === 0) throw new Error('No backend was terminated.')
      })
  },
  {
    // No disk is filled, which would take a mount that not every machine permits: the kernel's own answer to a write on
    // a full one comes from /dev/full, within the statement, and PostgreSQL makes of it what it makes of every such
    // answer (53100). As on a full disk, what needs no more room goes on.
    name: 'disk-full',
    recoversFrom: 'there is room again',
    lasts: forAWhile,
    begin: ({ stage }) =>
      stage.query(async (sql) => {
        await sql`
          create function no_room() returns trigger language plpgsql as $$
          begin
            copy (select repeat('x', 100000)) to '/dev/full';
            return null;
          end $$`
        await sql`create trigger no_room after insert on audit_events for each row execute function no_room()`
        await sql`create trigger no_room after insert on revocations for each row execute function no_room()`
        await refuseUnlessFull(sql`insert into audit_events (id, at, action, outcome)
          values (gen_random_uuid(), now(), 'harness.tried', 'success')`)
      }),
    end: ({ stage }) =>
      stage.query(async (sql) => {
        await sql`drop function no_room() cascade`
      })
  },
  promotion
]

/** A fault that does not show is none. @throws Error where the statement is not refused for want of room */
async function refuseUnlessFull(statement: Promise<unknown>): Promise<void> {
  const code = await statement.then(
    () => 'nothing',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error)
  )
  if (code !== '53100') throw new Error(`The full disk cannot be had here: a write was answered with ${String(code)}.`)
}
