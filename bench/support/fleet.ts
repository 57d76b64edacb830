import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres, type PostgresOptions, type PostgresServer } from '../../test/support/pg-server.ts'
import type { Exchange, Job, Outcome } from '../load/exchange.ts'
import type { Question, Usage } from '../servers/answering.ts'
import { startChild, type Child, type ChildOptions } from './child.ts'

/** Where a server and the load are kept apart: each has a core of its own. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

/** One of bench/servers/, listening. */
export interface Server extends Child {
  readonly port: number
  tell<Reply>(about: string, count?: number): Promise<Reply>
  /** Of the time since it was asked last. */
  usage(): Promise<Usage>
}

export interface Load {
  prepare(set: string, exchanges: readonly Exchange[]): Promise<void>
  run(job: Job): Promise<Outcome>
}

/** What a suite has running; all of it ends with `stop`, and with this process. */
export interface Fleet {
  server(file: string, options?: ChildOptions): Promise<Server>
  load(options?: ChildOptions): Load
  postgres(options?: PostgresOptions): Promise<PostgresServer>
  stop(): Promise<void>
}

export function createFleet(): Fleet {
  const stops: (() => Promise<void>)[] = []
  return {
    async server(file, options) {
      const child = startChild(`servers/${file}.ts`, options)
      stops.push(() => child.stop())
      const tell = <Reply>(about: string, count?: number) =>
        child.ask<Reply>({ about, ...(count !== undefined && { count }) } satisfies Question)
      return { ...child, port: await tell<number>('port'), tell, usage: () => tell<Usage>('usage') }
    },
    load(options) {
      const child = startChild('load/main.ts', options)
      stops.push(() => child.stop())
      return {
        async prepare(set, exchanges) {
          await child.ask({ prepare: set, exchanges })
        },
        run: (job) => child.ask<Outcome>({ run: job })
      }
    },
    async postgres(options) {
      const postgres = await startPostgres(options)
      stops.push(() => postgres.stop())
      return postgres
    },
    async stop() {
      for (const stop of stops.reverse()) await stop()
      stops.length = 0
      // The system takes a moment to give back what they had.
      await sleep(200)
    }
  }
}

/** The settings of the service that a default does not exist for, over this database. */
export const settingsOver = (databaseUrl: string): Record<string, string> => ({
  DATABASE_URL: databaseUrl,
  LATCHKEY_SECRET: 'a root secret for benchmarks of more than 32 bytes',
  ISSUER: 'http://localhost:3000'
})
