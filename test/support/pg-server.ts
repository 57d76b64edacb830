import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { findBinaries, serverAccount, type Account, type Binaries } from './pg-binaries.ts'
import { scratchPrefix } from './scratch.ts'

export interface PostgresOptions {
  /** Off unless asked for: only a test that counts what is left after the machine went down needs it. */
  readonly fsync?: boolean
  /** More of `postgresql.conf`: `{ idle_in_transaction_session_timeout: '1s' }`. */
  readonly settings?: Settings
  /** A standby, over a copy of the files of a server that is down; `settings` say how it reaches that one. */
  readonly standbyOf?: PostgresServer
}

type Settings = Readonly<Record<string, string>>

/** INT ends the server in order, QUIT at once and as after a crash, KILL without its knowing. */
export type Ending = 'INT' | 'QUIT' | 'KILL'

export interface PostgresServer {
  /** Of the database `postgres`, as a superuser, without a password; the same after `down` and `up`. */
  readonly url: string
  readonly port: number
  readonly binaries: Binaries
  readonly dataFolder: string
  /** The server goes away; its files and its port stay. Resolves when it is gone. */
  down(how?: Ending): Promise<void>
  /** The server comes back over the same files, with more settings until it goes again. Resolves when it takes connections. */
  up(more?: Settings): Promise<void>
  /** For good, files and all. */
  stop(): Promise<void>
}

/**
 * Starts a PostgreSQL server of its own on a port of 127.0.0.1, for as long as this process lives: when the process
 * ends, however it ends, the server and its files go too. It does not keep the process alive.
 * @throws Error that says of each PostgreSQL found why it did not start
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const account = serverAccount()
  const refusals: string[] = []
  const { standbyOf } = options
  const found = standbyOf === undefined ? findBinaries(account, (why) => refusals.push(why)) : [standbyOf.binaries]
  for (const binaries of found) {
    // What is synced to memory is not synced.
    const folder = fs.mkdtempSync(options.fsync === true ? scratchPrefix(tmpdir()) : scratchPrefix())
    try {
      createCluster(folder, binaries.bin, account, standbyOf)
      const server = createServerOver(folder, binaries, account, await freePort(), options)
      await server.up()
      return server
    } catch (error) {
      fs.rmSync(folder, { recursive: true, force: true })
      refusals.push(`${binaries.bin}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new Error(`No PostgreSQL could be started.\n${refusals.map((why) => `  ${why}`).join('\n')}`)
}

function createCluster(folder: string, bin: string, account: Account, standbyOf?: PostgresServer): void {
  const data = join(folder, 'data')
  fs.mkdirSync(data, { mode: 0o700 })
  fs.chmodSync(folder, 0o755)
  const { uid, gid } = account
  if (uid !== undefined && gid !== undefined) for (const path of [folder, data]) fs.chownSync(path, uid, gid)
  if (standbyOf !== undefined) {
    const copy = spawnSync('cp', ['-a', `${standbyOf.dataFolder}/.`, data], { ...account, cwd: '/', encoding: 'utf8' })
    if (copy.status !== 0) throw new Error(copy.error?.message ?? lastLines(copy.stderr))
    fs.writeFileSync(join(data, 'standby.signal'), '')
    return
  }
  const options = ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  const initdb = spawnSync(join(bin, 'initdb'), options, { ...account, cwd: folder, env: inC(), encoding: 'utf8' })
  if (initdb.status !== 0) throw new Error(initdb.error?.message ?? lastLines(initdb.stderr))
}

/**
 * Holds the far end of a pipe for the server. A line on it is a signal to pass on. Its end means that we are done, or
 * were killed: then the server goes, and the folder with it. Only when a successor has the folder may it just leave.
 */
const KEEPER = `
exec 3<&0
"$@" 3<&- &
server=$!
{
  while read -r order <&3; do
    [ "$order" = leave ] && exit
    [ -e "$0/down" ] || kill -s "$order" "$server"
  done
  [ -e "$0/down" ] || kill -s QUIT "$server"
  tries=0
  until [ -e "$0/down" ] || [ "$tries" -ge 250 ]; do sleep 0.02; tries=$((tries + 1)); done
  [ -e "$0/down" ] || kill -s KILL "$server"
  rm -rf "$0"
} 2>/dev/null &
wait "$server"
: >"$0/down"
wait
`

function createServerOver(
  folder: string,
  binaries: Binaries,
  account: Account,
  port: number,
  { fsync = false, settings = {} }: PostgresOptions
): PostgresServer {
  const log = join(folder, 'server.log')
  const isDown = () => !fs.existsSync(folder) || fs.existsSync(join(folder, 'down'))
  const isReady = () => /ready to accept (read-only )?connections/.test(fs.readFileSync(log, 'utf8'))
  const durability = fsync ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
  // All that the server keeps is to lie in its folder, so that it goes with the folder.
  const place = { unix_socket_directories: '', dynamic_shared_memory_type: 'mmap' }
  const dataFolder = join(folder, 'data')
  const command = [join(binaries.bin, 'postgres'), '-D', dataFolder, '-h', '127.0.0.1', '-p', `${port}`]

  let pipe: Socket | null = null

  const launch = async (more: Settings): Promise<boolean> => {
    const all = { max_connections: '200', ...durability, ...settings, ...more, ...place }
    const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const output = fs.openSync(log, 'w')
    fs.rmSync(join(folder, 'down'), { force: true })
    const keeper = spawn('/bin/sh', ['-c', KEEPER, folder, ...command, ...options], {
      ...account,
      cwd: folder,
      env: inC(),
      detached: true,
      stdio: ['pipe', output, output]
    })
    fs.closeSync(output)
    await once(keeper, 'spawn')
    keeper.unref()
    pipe?.end('leave\n')
    pipe = keeper.stdin instanceof Socket ? keeper.stdin.unref() : null
    // The server may have gone by itself, and its keeper with it.
    pipe?.on('error', () => undefined)
    await until(() => isDown() || isReady())
    return !isDown()
  }

  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    binaries,
    dataFolder,
    async up(more = {}) {
      if (pipe !== null && !isDown()) throw new Error('PostgreSQL is up already')
      // After a KILL the orphans of the old server hold its memory for another moment, and a new one refuses to start.
      for (let tries = 1; !(await launch(more)); tries++) {
        const why = fs.readFileSync(log, 'utf8')
        if (tries === 100 || !/in use|already exists/.test(why)) throw new Error(lastLines(why))
        await sleep(50)
      }
    },
    async down(how = 'INT') {
      pipe?.write(`${how}\n`)
      await until(isDown)
    },
    async stop() {
      pipe?.end()
      await until(() => !fs.existsSync(folder))
    }
  }
}

async function until(done: () => boolean): Promise<void> {
  const start = Date.now()
  while (!done()) {
    if (Date.now() - start > 60_000) throw new Error('PostgreSQL did not do within a minute what it was told')
    await sleep(10)
  }
}

/** Its messages, which we read, are to be in English wherever the tests run. */
const inC = () => ({ ...process.env, LC_ALL: 'C', TZ: 'UTC' })

const lastLines = (text: string) => text.trim().split('\n').slice(-3).join(' ')
