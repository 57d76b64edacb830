import { connect } from 'node:net'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyInstance } from 'fastify'
import bodies from '../../plugins/bodies.ts'
import methods from '../../plugins/methods.ts'
import problems from '../../plugins/problems.ts'
import requestLog from '../../plugins/request-log.ts'
import securityHeaders from '../../plugins/security-headers.ts'
import wellFormed from '../../plugins/well-formed.ts'
import { serverOptions, type ServerSettings } from '../../src/http/fastify-options.ts'

export interface AnsweringApp {
  readonly app: ReturnType<typeof typed>
  /** The lines of the log so far, parsed. */
  readonly log: () => Record<string, unknown>[]
  /** The lines as they were written. */
  readonly logText: () => string
}

const typed = (app: FastifyInstance) => app.withTypeProvider<TypeBoxTypeProvider>()

/** A small service that answers as the whole one does; without guards, so that routes can be anything. */
export async function answeringApp(
  settings: Partial<ServerSettings> = {},
  beforeRoutes: (app: FastifyInstance) => Promise<void> = () => Promise.resolve()
): Promise<AnsweringApp> {
  const lines: string[] = []
  const logDestination = { write: (line: string) => void lines.push(line) }
  const app = Fastify(serverOptions({ logLevel: 'trace', trustProxy: false, logDestination, ...settings }))
  await app.register(requestLog, { silent: false })
  await app.register(securityHeaders)
  await app.register(wellFormed)
  await app.register(problems)
  await app.register(bodies)
  await beforeRoutes(app)
  await app.register(methods)
  return {
    app: typed(app),
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    logText: () => lines.join('')
  }
}

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether the other side closed the connection, and did not merely stop talking. */
  readonly closed: boolean
}

/**
 * What comes back for these bytes, sent as they are on a connection of their own: so many answers, or all until the other
 * side closes the connection.
 */
export async function exchange(port: number, bytes: string | Buffer, most = Infinity): Promise<RawAnswer[]> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  let closed = false
  await new Promise<void>((resolve) => {
    const giveUp = setTimeout(resolve, 10_000)
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (answersIn(text).length >= most) resolve()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      closed = true
      resolve()
    })
    socket.write(bytes)
    socket.once('close', () => {
      clearTimeout(giveUp)
    })
  })
  socket.destroy()
  return answersIn(text).map((answer) => ({ ...answer, closed }))
}

/** The answers that are there as a whole. */
export function answersIn(text: string): Omit<RawAnswer, 'closed'>[] {
  const answers: Omit<RawAnswer, 'closed'>[] = []
  for (;;) {
    const end = text.indexOf('\r\n\r\n')
    if (end < 0) return answers
    const [first = '', ...fields] = text.slice(0, end).split('\r\n')
    const headers = Object.fromEntries(
      fields.map((field) => {
        const colon = field.indexOf(':')
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()]
      })
    )
    const next = end + 4 + Number(headers['content-length'] ?? 0)
    if (text.length < next) return answers
    const body = Buffer.from(text.slice(end + 4, next), 'latin1').toString('utf8')
    answers.push({ status: Number(first.split(' ')[1]), headers, body })
    text = text.slice(next)
  }
}
