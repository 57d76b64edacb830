/** An error as it is written to the log. */
export interface LoggedError {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly table?: string
  readonly constraint?: string
  readonly routine?: string
  /** Without the line that repeats the message. */
  readonly stack: string
  readonly cause?: LoggedError
}

const DEEPEST = 5

/**
 * What an error may say in the log: its kind, code, place and message, and the same of its causes. Its other properties are
 * left out, whatever they are, and so is a message that quotes what somebody sent (ASVS v5.0.0-16.2.5).
 */
export function loggedError(thrown: unknown, depth = 0): LoggedError {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: WITHHELD, stack: '' }
  const code = textOf(thrown, 'code')
  const frames = thrown.stack?.split('\n').filter((line) => /^\s+at /.test(line)) ?? []
  return {
    type: thrown.constructor.name,
    message: messageOf(thrown),
    ...(code !== null && { code }),
    ...(isDatabaseError(thrown) && placeOf(thrown)),
    stack: frames.join('\n'),
    ...(thrown.cause !== undefined && depth < DEEPEST && { cause: loggedError(thrown.cause, depth + 1) })
  }
}

/** Fastify's errors that quote the path as sent. */
const QUOTES_PATH = new Set(['FST_ERR_BAD_URL', 'FST_ERR_MAX_PARAM_LENGTH', 'FST_ERR_REP_ALREADY_SENT'])
/** SQLSTATE 22 (data exception) and 23 (integrity constraint violation): the message can hold the value. */
const QUOTES_VALUE = /^2[23]/

/** Stands for a message that is not to be repeated. */
const WITHHELD = '(withheld)'

/** An error's message as far as it cannot quote what was sent. */
export function messageOf(error: Error): string {
  // JSON.parse quotes the text that it could not read.
  if (error instanceof SyntaxError) return WITHHELD
  const code = textOf(error, 'code') ?? ''
  if (QUOTES_PATH.has(code)) return WITHHELD
  if (isDatabaseError(error)) return QUOTES_VALUE.test(code) ? WITHHELD : error.message
  // Drizzle's DrizzleQueryError lists the statement's parameters.
  if ('query' in error && 'params' in error) return WITHHELD
  // Node's ERR_INVALID_ARG_VALUE and the like: `… must be a string. Received 'x'`.
  return code.startsWith('ERR_INVALID_') ? error.message.replace(/[.,]? Received .*$/s, '') : error.message
}

/** PostgresError of postgres.js and DatabaseError of PGlite: a SQLSTATE and a severity. */
const isDatabaseError = (error: Error): boolean =>
  'severity' in error && /^[0-9A-Z]{5}$/.test(textOf(error, 'code') ?? '')

/** Names of ours, from the schema; the drivers spell them differently. */
function placeOf(error: Error): Pick<LoggedError, 'table' | 'constraint' | 'routine'> {
  const table = textOf(error, 'table_name') ?? textOf(error, 'table')
  const constraint = textOf(error, 'constraint_name') ?? textOf(error, 'constraint')
  const routine = textOf(error, 'routine')
  return {
    ...(table !== null && { table }),
    ...(constraint !== null && { constraint }),
    ...(routine !== null && { routine })
  }
}

function textOf(error: Error, name: string): string | null {
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' ? value : null
}
