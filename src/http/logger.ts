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
 * How the log is written: one JSON object a line. Headers, queries, path parameters and bodies never get here; see
 * `writeRequestLine` for what does.
 */
export function loggerOptions(level: LogLevel, destination: LogDestination): LoggerOptions {
  return {
    level,
    timestamp: createTimestamp(),
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
    stream: destination
  }
}

/** RFC 3339 in UTC, to the millisecond; all but that is the same for a second, and takes longer than the rest of a line. */
function createTimestamp(): () => string {
  let second = NaN
  let text = ''
  return () => {
    const now = Date.now()
    const its = Math.floor(now / 1000)
    if (its !== second) {
      second = its
      text = new Date(its * 1000).toISOString().slice(0, -'000Z'.length)
    }
    return `,"time":"${text}${String(now - its * 1000).padStart(3, '0')}Z"`
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
