import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres, type PostgresServer } from '../support/pg-server.ts'
import type { Fault } from './fault.ts'
import { killPostgres } from './kill-postgres.ts'
import { openLink, type Link } from './proxy.ts'
import type { Stage } from './stage.ts'

/** What has to be remembered from the beginning to the end; one stage at a time has a standby. */
let standby: { readonly server: PostgresServer; readonly link: Link } | null = null
const STANDBY_NAME = 'standby'

/** Milliseconds that nothing comes to the standby before the primary dies: whoever waits for it must not be told that all is well. */
const STALLED = 700

/**
 * The primary dies and its synchronous standby takes over. What had been acknowledged is there, also when the standby
 * had not been answering for a while.
 */
export const promotion: Fault = {
  name: 'promotion',
  recoversFrom: 'the standby has been promoted and the links lead to it',
  lasts: () => 800,
  async begin({ stage }) {
    await stage.server.down('INT')
    const link = await openLink(stage.server.port)
    const conninfo = [
      `host=127.0.0.1 port=${link.port} user=postgres application_name=${STANDBY_NAME}`,
      'sslmode=disable gssencmode=disable'
    ].join(' ')
    const server = await startPostgres({
      fsync: true,
      standbyOf: stage.server,
      settings: { primary_conninfo: conninfo, wal_retrieve_retry_interval: '100ms' }
    })
    standby = { server, link }
    // From its first statement on, the primary acknowledges nothing that the standby has not written.
    await stage.server.up({ synchronous_standby_names: STANDBY_NAME })
    await untilSynchronous(stage)
  },
  async end({ stage }) {
    if (standby === null) throw new Error('There is no standby.')
    const { server, link } = standby
    standby = null
    await link.suffer({ kind: 'half-open', which: 'all' })
    await sleep(STALLED)
    await killPostgres(stage.server)
    await link.close()
    const old = stage.server
    stage.server = server
    await stage.query(async (sql) => {
      const [row] = await sql<{ done: boolean }[]>`select pg_promote() as done`
      if (row?.done !== true) throw new Error('The standby was not promoted.')
    })
    for (const each of stage.links) each.switchTo(server.port)
    void old.stop()
  }
}

async function untilSynchronous(stage: Stage): Promise<void> {
  await stage.query(async (sql) => {
    for (let tries = 0; tries < 500; tries++) {
      const rows = await sql`select from pg_stat_replication where sync_state = 'sync' and state = 'streaming'`
      if (rows.length > 0) return
      await sleep(20)
    }
    throw new Error('The standby does not follow.')
  })
}
