/** A request as it goes out, and what its answer has to be. */
export interface Exchange {
  /** The whole of it, as HTTP/1.1 has it. */
  readonly request: string
  /** Any of these is right; every other answer ends the run. */
  readonly answers: readonly Answer[]
}

export interface Answer {
  readonly status: number
  /** The whole body. Any body is right where it is left out. */
  readonly body?: string
  /** Source of a regular expression that is found in the head and the body. */
  readonly holds?: string
}

/** What was done with a set of exchanges. */
export interface Job {
  /** The name under which the exchanges were prepared; they are sent in turn. */
  readonly set: string
  readonly port: number
  readonly count: number
  /** The first that is sent: sets of which no member may come twice go on where they left off. */
  readonly from?: number
  /** Requests on their way at once, each on a connection of its own. With `perSecond` the most connections. */
  readonly atOnce: number
  /** Left out, the next is sent when an answer has come. Given, they are sent at this rate, whether answers come or not. */
  readonly perSecond?: number
  /** Milliseconds that all of it may take. */
  readonly within?: number
  /** Without a rate: between answers this process sleeps, for servers and databases that need every core. */
  readonly sleeps?: boolean
  /** What has not been answered in time is counted and given up, and does not end the run. */
  readonly patient?: boolean
}

export interface Outcome {
  readonly milliseconds: number
  /** Milliseconds from when each was due to its answer, by status, in the order of the answers. */
  readonly latencies: ReadonlyMap<number, Float64Array>
  readonly unanswered: number
}

export const CRLF = '\r\n'

/** A request of HTTP/1.1 on a connection that is kept. */
export function requestOf(
  method: 'GET' | 'POST',
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string
): string {
  const fields = {
    host: '127.0.0.1',
    ...headers,
    ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) })
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`)
  return [`${method} ${path} HTTP/1.1`, ...lines, '', body ?? ''].join(CRLF)
}
