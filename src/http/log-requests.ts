import type { ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'

/** What the line is made of. */
const UNDER_WAY = Symbol('latchkey.underWay')

declare module 'node:http' {
  interface ServerResponse {
    [UNDER_WAY]?: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly ip: string }
  }
}

/** Answers that did not go through the response object but straight to its socket. */
const answeredBeside = new WeakMap<ServerResponse, number>()

/** Says that a response was answered on its socket, with this status. */
export function noteAnswer(response: ServerResponse, status: number): void {
  answeredBeside.set(response, status)
}

/**
 * One line for the request, once its answer has been sent or its connection is gone: by route and never by the path as sent,
 * which can hold a token or a person's name; nothing else of the request. Fastify's own onResponse would keep quiet about
 * clients that leave early.
 */
export function logWhenDone(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = reply
  // Of a socket that is closed nobody can say any more where it came from.
  raw[UNDER_WAY] = { request, reply, ip: request.ip }
  raw.on('close', logDone)
}

/** One for all responses, and what it needs is kept with each: a function a request is garbage. */
function logDone(this: ServerResponse): void {
  const underWay = this[UNDER_WAY]
  if (underWay === undefined) return
  const { request, reply, ip } = underWay
  const aborted = !this.writableEnded
  writeRequestLine(request.server.log, {
    request_id: request.id,
    method: request.method,
    route: request.is404 ? UNMATCHED : (request.routeOptions.url ?? UNMATCHED),
    status: this.headersSent ? this.statusCode : (answeredBeside.get(this) ?? null),
    ms: Math.round(reply.elapsedTime * 100) / 100,
    remote_address: ip,
    ...(aborted && { aborted })
  })
}

/** The route of what no route answers. */
export const UNMATCHED = 'unmatched'

export interface RequestLine {
  readonly request_id: string
  /** Null where it could not be read. */
  readonly method: string | null
  /** As declared: `/users/:id`. */
  readonly route: string
  /** Null where nothing was answered. */
  readonly status: number | null
  readonly ms?: number
  readonly remote_address: string
  /** The client was gone before it had the whole answer. */
  readonly aborted?: true
}

export function writeRequestLine(log: FastifyBaseLogger, line: RequestLine): void {
  if (line.status !== null && line.status >= 500) log.error(line, 'request')
  else log.info(line, 'request')
}
