import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { createGate } from '../domain/gate.ts'
import type { Row } from './database.ts'
import { withDeadline } from './outage.ts'
import { createSockets } from './sockets.ts'

export interface Pool {
  /** @throws Problem `unavailable` where there is no answer in time; else what the driver throws. */
  run(statement: SQL): Promise<readonly Row[]>
  /** Leaves all connections; others take their place. */
  renew(): void
  close(): Promise<void>
}

/**
 * Connections of postgres.js, given up where they do not answer. It is given no more statements than it has connections: it
 * has no way to take one back, and would send several over one connection, the next before the answer to the last.
 *
 * @param milliseconds the longest that an answer may take, waiting for a connection included
 */
export function createPool(
  url: string,
  options: postgres.Options<Record<string, postgres.PostgresType>> & {
    readonly prepare: boolean
    readonly max: number
  },
  milliseconds: number
): Pool {
  const sockets = createSockets()
  const all = { ...options, socket: sockets.socket }
  const client = postgres(url, all)
  // Sets the parsers and serializers that the column types of the schema count on.
  drizzle(client)
  const dialect = new PgDialect()
  // How many wait is bounded by how long they may.
  const gate = createGate({ concurrency: options.max, queue: Infinity })

  return {
    run(statement) {
      const { sql: text, params } = dialect.sqlToQuery(statement)
      const values = params.map(asParameter)
      const over = new AbortController()
      const work = gate.run(() => client.unsafe(text, values, { prepare: options.prepare }), over.signal)
      return withDeadline(work, milliseconds, () => {
        // What still waits must not be carried out later, when nobody knows of it any more. What is under way is not cancelled:
        // the server ends it by itself, and postgres.js lets the process die where that request fails.
        over.abort()
        sockets.giveUpSilentFor(milliseconds)
      })
    },
    renew: sockets.giveUp,
    async close() {
      await client.end({ timeout: 5 })
      sockets.close()
    }
  }
}

/** The values that statements are given; anything else is a mistake in the statement. */
function asParameter(value: unknown): postgres.ParameterOrJSON<never> {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value
  if (value instanceof Uint8Array) return value
  throw new TypeError(`A statement was given a ${typeof value}.`)
}
