import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { serverAccount } from '../support/pg-binaries.ts'
import { scratchPrefix } from '../support/scratch.ts'
import { freePort } from '../support/free-port.ts'

/** Where Debian has it, which is not on the PATH of everybody, and wherever else it may be. */
const PROGRAMS = ['/usr/sbin/pgbouncer', 'pgbouncer']
const MOST_MILLISECONDS = 10_000

export interface Pooler {
  /** As `PgBouncer 1.18.0`. */
  readonly version: string
  /** Of a database of the server behind it. */
  url(user: string, database: string): string
  /** Kills it; those who are connected lose their connections. */
  down(): Promise<void>
  up(): Promise<void>
  stop(): Promise<void>
}

export interface Behind {
  readonly port: number
  readonly users: readonly string[]
  /** Connections to the server; that many statements or transactions are under way at once. */
  readonly poolSize: number
}

/** The program, and what it says that it is; null where it is not installed. */
export function findPgbouncer(): { readonly program: string; readonly version: string } | null {
  for (const program of PROGRAMS) {
    const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
    if (status === 0) return { program, version: stdout.split('\n')[0] ?? '' }
  }
  return null
}

/** Its end of a pipe is closed when this process ends, however it ends: then the pooler goes, too. */
const KEEPER = 'exec 3<&0; "$0" "$@" 3<&- & cat <&3 >/dev/null; kill -KILL $!'

/** PgBouncer in transaction mode before the server at a port of 127.0.0.1, and all that is not said here by default. */
export async function startPgbouncer(program: string, version: string, behind: Behind): Promise<Pooler> {
  const account = serverAccount()
  const folder = mkdtempSync(scratchPrefix())
  const port = await freePort()
  const configuration = join(folder, 'pgbouncer.ini')
  const users = join(folder, 'users.txt')
  const log = join(folder, 'pgbouncer.log')
  writeFileSync(users, behind.users.map((user) => `"${user}" ""\n`).join(''))
  writeFileSync(
    configuration,
    `[databases]
* = host=127.0.0.1 port=${behind.port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
logfile = ${log}
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${behind.poolSize}
; After a failed login it takes nobody's word for so many seconds that the server is back. 15 by default.
server_login_retry = 1
`
  )
  // It refuses to run as root.
  for (const path of [folder, configuration, users]) {
    if (account.uid !== undefined && account.gid !== undefined) chownSync(path, account.uid, account.gid)
  }

  const url = (user: string, database: string) => `postgres://${user}@127.0.0.1:${port}/${database}`
  let end: (() => Promise<void>) | null = null

  const pooler: Pooler = {
    version,
    url,
    async up() {
      const child = spawn('/bin/sh', ['-c', KEEPER, program, configuration], {
        ...account,
        cwd: folder,
        stdio: ['pipe', 'ignore', 'ignore']
      })
      const gone = once(child, 'close')
      end = async () => {
        child.stdin.end()
        await gone
      }
      await until(
        () => answers(url(behind.users[0] ?? 'postgres', 'postgres')),
        () => readFileSync(log, 'utf8')
      )
    },
    async down() {
      await end?.()
      end = null
    },
    async stop() {
      await pooler.down()
      rmSync(folder, { recursive: true, force: true })
    }
  }
  await pooler.up()
  return pooler
}

async function answers(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, prepare: false, fetch_types: false, connect_timeout: 2 })
  try {
    await sql`select 1`
    return true
  } catch {
    return false
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function until(done: () => Promise<boolean>, log: () => string): Promise<void> {
  const start = Date.now()
  while (!(await done())) {
    if (Date.now() - start > MOST_MILLISECONDS) throw new Error(`PgBouncer does not answer. It said:\n${log()}`)
    await sleep(50)
  }
}
