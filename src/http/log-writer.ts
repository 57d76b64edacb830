import type { Writable } from 'node:stream'
import type { LogDestination } from './logger.ts'

/** Milliseconds for which a line is kept at most. */
const KEPT_FOR = 10
/** Characters that are kept at most. */
const MOST_KEPT = 64 * 1024

export interface LogWriter extends LogDestination {
  /** Writes what is kept, at once. */
  readonly flush: () => void
}

/**
 * Writes the lines of a hundredth of a second together. A line for itself would be a system call for each request, which takes
 * longer than its guard. What ends the process by itself, an error that nobody caught included, writes what is left (`flush`);
 * what kills it takes the lines of its last hundredth along.
 *
 * Where the output is gone, what would be written is dropped: a log that nobody reads must not end the service.
 */
export function createLogWriter(output: Pick<Writable, 'write' | 'on' | 'writable'>): LogWriter {
  let kept = ''
  let timer: NodeJS.Timeout | undefined
  output.on('error', () => undefined)

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    const lines = kept
    kept = ''
    if (lines !== '' && output.writable) output.write(lines)
  }

  return {
    flush,
    write(line) {
      kept += line
      if (kept.length > MOST_KEPT) flush()
      else timer ??= setTimeout(flush, KEPT_FOR)
    }
  }
}

let standardOutput: LogWriter | null = null

/** The one over standard output, which is written to synchronously where that is a file, or a pipe on POSIX. */
export function logToStandardOutput(): LogWriter {
  if (standardOutput === null) {
    standardOutput = createLogWriter(process.stdout)
    process.once('exit', standardOutput.flush)
  }
  return standardOutput
}
