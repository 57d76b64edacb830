import type { FastifyServerOptions } from 'fastify'
import { loggedError, messageOf } from './log-errors.ts'
import { redacted } from './log-redaction.ts'

type LoggerOptions = Exclude<NonNullable<FastifyServerOptions['logger']>, boolean>
type LogMethod = NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']>

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/** Anything that takes lines. */
export interface LogDestination {
  write(line: string): void
}

/** Members that are made safe by their serializers. */
const SERIALIZED: ReadonlySet<string> = new Set(['req', 'res', 'err'])

/**
 * How the log is written: one JSON object a line, on standard output unless there is another destination. Synchronously, as
 * is pino's default: a line that explains a crash is worth nothing when the crash takes it along, and one line a request is
 * cheap. Headers, queries, path parameters and bodies never get here; see `writeRequestLine` for what does.
 */
export function loggerOptions(level: LogLevel, destination?: LogDestination): LoggerOptions {
  return {
    level,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {
      level: (label) => ({ level: label }),
      log: (logged) => redacted(logged, SERIALIZED)
    },
    serializers: {
      req: ({ method }) => ({ method }),
      res: ({ statusCode }) => ({ statusCode }),
      err: (error) => ({ ...loggedError(error) })
    },
    hooks: { logMethod: safeMessage },
    ...(destination !== undefined && { stream: destination })
  }
}

/**
 * pino takes an error's own message for the line's where there is none, past the serializer. And Fastify quotes the path as
 * sent where a reply was sent twice, which is a fault of ours and no reason to log it.
 */
const safeMessage: LogMethod = function (args, method) {
  const [first, message]: readonly unknown[] = args
  if (typeof first === 'string' && first.startsWith(SENT_TWICE)) method.call(this, SENT_TWICE)
  else if (message !== undefined) method.apply(this, args)
  else if (first instanceof Error) method.call(this, { err: first }, messageOf(first))
  else if (holdsError(first)) method.call(this, first, messageOf(first.err))
  else method.apply(this, args)
}

const SENT_TWICE = 'Reply was already sent'

const holdsError = (logged: unknown): logged is { readonly err: Error } =>
  typeof logged === 'object' && logged !== null && 'err' in logged && logged.err instanceof Error
