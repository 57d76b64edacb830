import type { Server } from 'node:http'
import { type FastifyHttpOptions, type FastifyServerOptions, LogController } from 'fastify'
import { Problem } from '../domain/problems.ts'
import { createConnections } from './connections.ts'
import { logWhenDone } from './log-requests.ts'
import { type LogDestination, type LogLevel, loggerOptions } from './logger.ts'
import { sendProblem } from './problem-reply.ts'
import { parseQuery } from './query-string.ts'
import { logToStandardOutput } from './log-writer.ts'
import { requestLogger } from './request-logger.ts'
import { buildSerializer } from './serialization.ts'
import { validatorBuilder } from './validation.ts'

/** 64 KiB: a JSON body of this service is a few hundred bytes. Routes may set another limit. */
const BODY_BYTES = 64 * 1024
/** The longest that a request may take to arrive: a slow client must not hold a connection for ever. */
const REQUEST_MILLISECONDS = 30_000
const CHECK_MILLISECONDS = 1_000
/** The longest that one part may take to start: on a slow machine, making the embedded database takes most of a minute. */
const START_MILLISECONDS = 120_000

export interface ServerSettings {
  readonly logLevel: LogLevel
  readonly trustProxy: NonNullable<FastifyServerOptions['trustProxy']>
  /** Standard output unless given. */
  readonly logDestination?: LogDestination
  readonly requestMilliseconds?: number
  readonly checkMilliseconds?: number
}

/** Where nothing is to be said there is no logger: one that keeps silent is asked by each request all the same. */
const logging = ({ logLevel, logDestination }: ServerSettings) =>
  logLevel === 'silent'
    ? { logger: false as const }
    : { logger: loggerOptions(logLevel, logDestination ?? logToStandardOutput()), childLoggerFactory: requestLogger }

/**
 * The options of the Fastify constructor. They hold for every scope and whatever is registered when; what else belongs to
 * answers is in the plugins `request-log`, `security-headers`, `well-formed`, `problems`, `bodies`, `cors` and `methods`.
 */
export function serverOptions(settings: ServerSettings): FastifyHttpOptions<Server> {
  const { requestMilliseconds = REQUEST_MILLISECONDS, checkMilliseconds = CHECK_MILLISECONDS } = settings
  const connections = createConnections(requestMilliseconds, checkMilliseconds)
  return {
    // One place for all that a server needs: Fastify gives a second one, for `localhost` on IPv6, less than the first.
    serverFactory: connections.listenWith,
    clientErrorHandler: connections.refuse,
    genReqId: connections.identify,
    ...logging(settings),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    trustProxy: settings.trustProxy,
    bodyLimit: BODY_BYTES,
    pluginTimeout: START_MILLISECONDS,
    // Requests that still arrive while the service stops are served: Fastify's own refusal is of another form.
    return503OnClosing: false,
    routerOptions: {
      // No shorter than a URL can be: too long an id is an id that nobody has, and is for the route to say.
      maxParamLength: 16 * 1024,
      querystringParser: parseQuery
    },
    schemaController: { compilersFactory: { buildValidator: validatorBuilder(), buildSerializer } },
    // What the router cannot take: it has no hooks, so everything is here.
    frameworkErrors: (_error, request, reply) => {
      logWhenDone(request, reply)
      reply.headers({ ...request.server.securityHeaders, 'x-request-id': request.id })
      sendProblem(reply, new Problem('bad_request', { detail: 'The path is not percent-encoded UTF-8.' }))
    }
  }
}
