import { connect, type Socket } from 'node:net'
import { CRLF, type Answer, type Exchange } from './exchange.ts'

const END_OF_HEAD = CRLF + CRLF
const LENGTH = /\r\ncontent-length: *(\d+)/i
const CHUNKED = /\r\ntransfer-encoding: *chunked/i
/** Without trailers, as Node sends it. The body stays in chunks: `holds` finds what it looks for in one of them. */
const LAST_CHUNK = Buffer.from(`0${END_OF_HEAD}`)
const CLOSES = /\r\nconnection: *close/i

type Answered = (status: number) => void

/**
 * One connection with one request on its way at a time. It is kept to what a load needs, since whatever it costs is not left
 * for the server: no headers are taken apart and nothing is copied that came in one piece.
 */
export class Connection {
  readonly #socket: Socket
  readonly #failed: (error: Error) => void
  #waiting: { readonly exchange: Exchange; readonly answered: Answered } | null = null
  #kept: Buffer | null = null
  #closed = false

  constructor(port: number, failed: (error: Error) => void) {
    this.#failed = failed
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (chunk) => this.#take(chunk))
    this.#socket.on('error', failed)
    this.#socket.on('close', () => {
      this.#closed = true
      if (this.#waiting !== null) failed(new Error(`No answer came to: ${firstLine(this.#waiting.exchange.request)}`))
    })
  }

  /** Whether another request can be sent. */
  get free(): boolean {
    return this.#waiting === null && !this.#closed
  }

  send(exchange: Exchange, answered: Answered): void {
    this.#waiting = { exchange, answered }
    this.#socket.write(exchange.request, 'latin1')
  }

  close(): void {
    this.#waiting = null
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    const bytes = this.#kept === null ? chunk : Buffer.concat([this.#kept, chunk])
    this.#kept = bytes
    const end = bytes.indexOf(END_OF_HEAD)
    if (end < 0) return
    const head = bytes.toString('latin1', 0, end)
    const status = Number(head.slice(9, 12))
    const start = end + END_OF_HEAD.length
    const length = lengthOf(head, status, bytes.subarray(start))
    if (Number.isNaN(length)) {
      this.#failed(new Error(`An answer does not say how long it is: ${head}`))
      return
    }
    if (bytes.length < start + length) return
    const waiting = this.#waiting
    if (waiting === null || bytes.length > start + length) {
      this.#failed(new Error('More came than was asked for.'))
      return
    }
    this.#kept = null
    this.#waiting = null
    const body = bytes.toString('utf8', start, start + length)
    if (!waiting.exchange.answers.some((answer) => isRight(answer, status, head, body))) {
      this.#failed(new Error(`${firstLine(waiting.exchange.request)} was answered by: ${head}${END_OF_HEAD}${body}`))
      return
    }
    if (CLOSES.test(head)) {
      this.#closed = true
      this.#socket.end()
    }
    waiting.answered(status)
  }
}

/** Of the body, which is as long as what came or longer; NaN where it is not said. */
function lengthOf(head: string, status: number, came: Buffer): number {
  const said = LENGTH.exec(head)?.[1]
  if (said !== undefined) return Number(said)
  if (CHUNKED.test(head)) return came.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) ? came.length : Infinity
  return status === 204 ? 0 : NaN
}

function isRight(answer: Answer, status: number, head: string, body: string): boolean {
  return (
    answer.status === status &&
    (answer.body === undefined || answer.body === body) &&
    (answer.holds === undefined || patternOf(answer.holds).test(`${head}${END_OF_HEAD}${body}`))
  )
}

const patterns = new Map<string, RegExp>()
function patternOf(source: string): RegExp {
  const pattern = patterns.get(source) ?? new RegExp(source, 'i')
  patterns.set(source, pattern)
  return pattern
}

const firstLine = (request: string) => request.slice(0, request.indexOf(CRLF))
