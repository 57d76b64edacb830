import { createServer, METHODS, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { Problem } from '../domain/problems.ts'
import { noteAnswer, UNMATCHED, writeRequestLine } from './log-requests.ts'
import { answerOnSocket, hangUp } from './problem-socket.ts'
import { MOST_HEADER_FIELDS } from './request-form.ts'
import { requestIdOf } from './request-id.ts'

/** The parser also knows the methods of RTSP, and the router does not. */
const ROUTABLE: ReadonlySet<string> = new Set(METHODS)

type Listener = (request: IncomingMessage, response: ServerResponse) => void

/** The newest request of a connection, which is kept with the connection: a WeakMap of them costs every request. */
const NEWEST = Symbol('latchkey.newest')

declare module 'node:net' {
  interface Socket {
    [NEWEST]?: Exchange
  }
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The response that has to go out first, where requests were sent without waiting for their answers. */
  readonly before: ServerResponse | undefined
  id?: string
}

/** A request that the parser understands and the router cannot. */
class Unroutable extends Error {
  readonly code = 'LATCHKEY_UNROUTABLE'
  readonly requestId: string

  constructor(message: string, request: IncomingMessage) {
    super(message)
    this.requestId = requestIdOf(request)
  }
}

export interface Connections {
  /** For Fastify's `serverFactory`. */
  readonly listenWith: (listener: Listener) => Server
  /** For Fastify's `genReqId`. */
  readonly identify: (request: IncomingMessage) => string
  /** For Fastify's `clientErrorHandler`. */
  readonly refuse: (this: FastifyInstance, error: Error & { readonly code?: string }, socket: Socket) => void
}

/**
 * The HTTP server, and the answers to what never becomes a request: what Node's parser refuses, and what does not arrive
 * within `requestMilliseconds`. It looks for those every `checkMilliseconds`.
 */
export function createConnections(requestMilliseconds: number, checkMilliseconds: number): Connections {
  const refused = new WeakSet<Socket>()

  function listenWith(listener: Listener): Server {
    const server = createServer({
      requestTimeout: requestMilliseconds,
      headersTimeout: requestMilliseconds,
      connectionsCheckingInterval: checkMilliseconds,
      // Longer than the idle time of common load balancers, so that these hang up first and no request meets a closed door.
      keepAliveTimeout: 72_000,
      // Whatever NODE_OPTIONS says: the lenient parser lets requests be smuggled.
      insecureHTTPParser: false,
      // Node's own refusal has no body. See `faultOf`.
      requireHostHeader: false
    })
    server.maxHeadersCount = MOST_HEADER_FIELDS
    const onRequest: Listener = (request, response) => {
      if (ROUTABLE.has(request.method ?? '')) {
        const { socket } = request
        const last = socket[NEWEST]?.response
        socket[NEWEST] = { request, response, before: last?.writableFinished === false ? last : undefined }
        listener(request, response)
      } else {
        server.emit('clientError', new Unroutable('The method is not known.', request), request.socket)
      }
    }
    server.on('request', onRequest)
    // Node's own refusal has no body. See `faultOf`.
    server.on('checkExpectation', onRequest)
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      socket.on('error', () => socket.destroy())
      server.emit('clientError', new Unroutable('This is not a proxy.', request), socket)
    })
    return server
  }

  function identify(request: IncomingMessage): string {
    const id = requestIdOf(request)
    const exchange = request.socket[NEWEST]
    if (exchange?.request === request) exchange.id = id
    return id
  }

  function refuse(this: FastifyInstance, error: Error & { readonly code?: string }, socket: Socket): void {
    // The parser goes on complaining for as long as bytes arrive.
    if (refused.has(socket)) return
    refused.add(socket)
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const problem = problemOf(error)
    const { securityHeaders = {} } = this
    const exchange = socket[NEWEST]
    if (exchange !== undefined && !exchange.request.complete) {
      // The fault is in the body of a request that has been handed over. Unless it has its answer already, this is it.
      const { before, id, request, response } = exchange
      if (response.headersSent) afterwards(response, () => hangUp(socket))
      else {
        noteAnswer(response, problem.status)
        afterwards(before, () => answerOnSocket(socket, problem, id ?? requestIdOf(request), securityHeaders))
      }
    } else if (error.code === 'HPE_CLOSED_CONNECTION' && exchange?.response.writableFinished === false) {
      // More bytes after the last request are not looked at (RFC 9112 section 9.6). Its answer is still to come.
    } else {
      // The fault is in the request after that one, and so is the answer.
      const id = error instanceof Unroutable ? error.requestId : requestIdOf({ headers: {} })
      afterwards(exchange?.response, () => {
        answerOnSocket(socket, problem, id, securityHeaders)
        logRefusal(this, id, problem.status, socket)
      })
    }
  }

  return { listenWith, identify, refuse }
}

/** Once the response, if there is one, is on its way. */
function afterwards(response: ServerResponse | undefined, then: () => void): void {
  if (response === undefined || response.writableFinished) then()
  else response.once('close', then)
}

function problemOf({ code, message }: Error & { readonly code?: string }): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request_timeout')
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('headers_too_large')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Problem('payload_too_large')
    case 'LATCHKEY_UNROUTABLE':
      return new Problem('bad_request', { detail: message })
    default:
      return new Problem('bad_request', { detail: 'The request is not valid HTTP/1.1 (RFC 9112).' })
  }
}

function logRefusal(app: FastifyInstance, requestId: string, status: number, socket: Socket): void {
  const remoteAddress = socket.remoteAddress ?? ''
  writeRequestLine(app.log, {
    request_id: requestId,
    method: null,
    route: UNMATCHED,
    status,
    remote_address: remoteAddress
  })
}
