import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Problem } from '../domain/problems.ts'
import { problemHeaders, problemText } from './problem-json.ts'

/** How long a client that is still sending may take to see the answer and hang up (RFC 9112 section 9.6). */
const LINGER_MILLISECONDS = 1_000

/** Answers on a connection that has no response object, or none that can be used, and closes it. */
export function answerOnSocket(
  socket: Socket,
  problem: Problem,
  requestId: string,
  headers: Readonly<Record<string, string>>
): void {
  const body = problemText(problem, requestId)
  const fields = {
    date: new Date().toUTCString(),
    connection: 'close',
    ...headers,
    ...problemHeaders(problem),
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(body))
  }
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n${head.join('')}\r\n${body}`)
  hangUp(socket)
}

/**
 * Closes a connection once what was written has gone out. Not at once: with bytes unread, the system would send a reset, and
 * that can overtake the answer.
 */
export function hangUp(socket: Socket): void {
  socket.end()
  const timer = setTimeout(() => socket.destroy(), LINGER_MILLISECONDS).unref()
  socket.once('end', () => socket.destroy())
  socket.once('close', () => {
    clearTimeout(timer)
  })
  socket.resume()
}
