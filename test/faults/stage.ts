import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import type { Test } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { startInstance, type Instance } from '../support/instance.ts'
import { startPostgres, type PostgresServer } from '../support/pg-server.ts'
import { scratchPrefix } from '../support/scratch.ts'
import { createDatabase } from '../support/templates.ts'
import type { Bounds } from './evidence.ts'
import type { InstanceNumber } from './history.ts'
import { ROLES } from './life.ts'
import { openLink, type Link } from './proxy.ts'

export type Settings = Readonly<Record<string, string>>

/** Two instances, each over a link of its own, and one PostgreSQL. */
export interface Stage {
  readonly ports: readonly [number, number]
  readonly links: readonly [Link, Link]
  /** Which server it is changes when a standby is promoted. */
  server: PostgresServer
  /** Resolves when the instance listens. */
  start(instance: InstanceNumber): Promise<void>
  /** Ends an instance by a signal; gives its exit code. */
  end(instance: InstanceNumber, signal: NodeJS.Signals): Promise<number | null>
  isRunning(instance: InstanceNumber): boolean
  signal(instance: InstanceNumber, signal: NodeJS.Signals): void
  /** Sets an instance's wall clock so far ahead, in milliseconds. */
  setClock(instance: InstanceNumber, ahead: number): Promise<void>
  /** Statements past the service, on the server itself. */
  query<T>(work: (sql: postgres.Sql) => Promise<T>): Promise<T>
  /** What instances ended by themselves since it was asked last. */
  takeCrashes(): readonly string[]
}

const DATABASE = 'faults'
const A_MINUTE = 60_000

/** What the service promises with this REVOCATION_MAX_STALENESS and the other settings of a stage. */
export const boundsOf = (stalenessSeconds: number): Bounds => ({
  stalenessMilliseconds: stalenessSeconds * 1000,
  recoveryMilliseconds: 2000,
  graceMilliseconds: 10_000
})

/** Sets everything up. PostgreSQL syncs what it writes: what is acknowledged is to be durable. */
export async function setStage(t: Test, settings: Settings): Promise<Stage> {
  const server = await startPostgres({ fsync: true })
  t.teardown(() => stage.server.stop())
  await createDatabase(server.url, DATABASE, false)
  const links = [await openLink(server.port), await openLink(server.port)] as const
  const ports = [await freePort(), await freePort()] as const
  const running: [Instance | null, Instance | null] = [null, null]
  const told = new Set<Instance>()
  let crashes: string[] = []

  const clocks = mkdtempSync(scratchPrefix())
  t.teardown(() => {
    rmSync(clocks, { recursive: true, force: true })
  })
  const clockOf = (instance: InstanceNumber) => join(clocks, String(instance))
  const inFull = (instance: InstanceNumber): Settings => ({
    DATABASE_URL: `postgres://postgres@127.0.0.1:${links[instance].port}/${DATABASE}`,
    PORT: String(ports[instance]),
    RATE_LIMIT: 'off',
    ARGON2_QUEUE: '1000',
    DATABASE_POOL_SIZE: '6',
    DATABASE_TIMEOUT: '1s',
    ROLES: JSON.stringify(Object.fromEntries(ROLES.map((role) => [role, []]))),
    NODE_OPTIONS: `--import=${new URL('./preload.mjs', import.meta.url).href}`,
    FAULTS_CLOCK: clockOf(instance),
    ...settings
  })

  const stage: Stage = {
    ports,
    links,
    server,
    async start(instance) {
      const started = await startInstance(t, inFull(instance))
      running[instance] = started
      started.process.once('exit', (code, signal) => {
        if (running[instance] === started) running[instance] = null
        if (!told.has(started)) crashes.push(`instance ${instance + 1} ended with ${code ?? signal ?? 'nothing'}`)
      })
    },
    async end(instance, signal) {
      const ending = running[instance]
      if (ending === null) throw new Error(`Instance ${instance + 1} is not running.`)
      told.add(ending)
      return ending.end(signal)
    },
    isRunning: (instance) => running[instance] !== null,
    signal: (instance, signal) => void running[instance]?.process.kill(signal),
    async setClock(instance, ahead) {
      const shown = `${clockOf(instance)}.now`
      rmSync(shown, { force: true })
      writeFileSync(clockOf(instance), String(ahead))
      stage.signal(instance, 'SIGWINCH')
      for (let tries = 0; !isAbout(shown, Date.now() + ahead); tries++) {
        if (tries === 500) throw new Error(`The clock of instance ${instance + 1} does not jump.`)
        await sleep(10)
      }
    },
    async query(work) {
      const url = `postgres://postgres@127.0.0.1:${stage.server.port}/${DATABASE}`
      const sql = postgres(url, { max: 1, onnotice: () => undefined, connection: { application_name: 'harness' } })
      try {
        return await work(sql)
      } finally {
        await sql.end()
      }
    },
    takeCrashes() {
      const taken = crashes
      crashes = []
      return taken
    }
  }
  for (const link of links) t.teardown(() => link.close())
  await Promise.all([stage.start(0), stage.start(1)])
  return stage
}

/** Whether a process has said that this is its time, give or take a minute: jumps are greater, and machines slow. */
const isAbout = (file: string, time: number) =>
  existsSync(file) && Math.abs(Number(readFileSync(file, 'utf8')) - time) < A_MINUTE
