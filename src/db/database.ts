import type { SQL } from 'drizzle-orm'

/** A row as the driver gives it; `decode` turns it into what the schema says. */
export type Row = Readonly<Record<string, unknown>>

/** What the rest of the service knows of a database: either engine, behind one type. */
export interface Database {
  readonly engine: 'postgres' | 'pglite'
  /**
   * Runs ONE statement. Every state change of the service is one, so that it is atomic without a transaction that waits
   * for this process in between, and costs one round trip.
   *
   * A statement that lost against another (40001, 40P01) is tried again, at most three times.
   *
   * @throws Problem `unavailable` where the database cannot be reached, cannot write, or takes longer than it may;
   *   after a time-out or a broken connection it is not known whether the statement took effect.
   */
  run(statement: SQL): Promise<readonly Row[]>
  /**
   * As `run`, over a connection that no other statement holds up, for what the rest waits for: one small read after another.
   * It has a second at most.
   */
  runAside(statement: SQL): Promise<readonly Row[]>
  /** Puts another connection, which may lead to another server, in the place of that of `runAside`. */
  renewAside(): void
  /**
   * Hears what is announced on `channel`, from the moment `onListening` is called, which happens again after every
   * reconnection: what was announced in between is lost.
   */
  listen(channel: string, onMessage: (payload: string) => void, onListening: () => void): Promise<Listening>
  /** Brings the schema up to date; safe to be called by several processes at once. */
  migrate(): Promise<void>
  /** Whether every migration that this version knows has been applied. */
  isCurrent(): Promise<boolean>
  close(): Promise<void>
}

export interface Listening {
  /** Listens over a new connection: for a listener that has stopped hearing without being told. */
  readonly renew: () => void
}

export interface DatabaseOptions {
  /** `postgres://…`, `pglite:PATH` or `pglite:memory:`. */
  readonly url: string
  /** Connections in all, but one for each kind of use at least; PostgreSQL only. */
  readonly poolSize: number
  /** The longest that a statement, a lock or a connection may take. */
  readonly timeoutMilliseconds: number
  /** A transaction pooler stands in between: no prepared statements, no session settings. */
  readonly pooled?: boolean
}
