import type { FastifyBaseLogger, FastifyServerOptions } from 'fastify'

type ChildLoggerFactory = NonNullable<FastifyServerOptions['childLoggerFactory']>
type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/**
 * The logger of one request, which hardly any request uses: its own line is written by the server's logger. So what a request
 * has is only a promise of a logger, and pino's child, which takes longer to make than the guard to run, is made when
 * something is said.
 */
class RequestLogger implements FastifyBaseLogger {
  readonly #make: () => FastifyBaseLogger
  #made: FastifyBaseLogger | null = null

  constructor(make: () => FastifyBaseLogger) {
    this.#make = make
  }

  get #logger(): FastifyBaseLogger {
    return (this.#made ??= this.#make())
  }

  #say(level: Level, said: readonly unknown[]): void {
    const logger = this.#logger
    Reflect.apply(logger[level], logger, said)
  }

  get level(): string {
    return this.#logger.level
  }
  set level(level: string) {
    this.#logger.level = level
  }
  child(...of: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.#logger.child(...of)
  }
  fatal(...said: readonly unknown[]): void {
    this.#say('fatal', said)
  }
  error(...said: readonly unknown[]): void {
    this.#say('error', said)
  }
  warn(...said: readonly unknown[]): void {
    this.#say('warn', said)
  }
  info(...said: readonly unknown[]): void {
    this.#say('info', said)
  }
  debug(...said: readonly unknown[]): void {
    this.#say('debug', said)
  }
  trace(...said: readonly unknown[]): void {
    this.#say('trace', said)
  }
  silent(...said: readonly unknown[]): void {
    this.#say('silent', said)
  }
}

/** For Fastify's `childLoggerFactory`. */
export const requestLogger: ChildLoggerFactory = (logger, bindings, options) =>
  new RequestLogger(() => logger.child(bindings, options))
