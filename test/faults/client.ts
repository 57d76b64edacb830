import { Agent, request } from 'node:http'
import type { Outcome, Tokens } from './history.ts'

/** What came back, if anything. */
export interface Answer {
  readonly outcome: Outcome
  /** As `Circumstances.answer`. */
  readonly text: string
  readonly status: number | null
  readonly body: Readonly<Record<string, unknown>>
}

export interface Client {
  /** Sends a request; `body` as JSON. Never rejects. */
  send(port: number, method: string, path: string, sent?: Sent): Promise<Answer>
  close(): void
}

export interface Sent {
  readonly body?: unknown
  readonly token?: string | undefined
}

/**
 * Real HTTP over connections that are kept. Nothing is tried again: what is not known must not be hidden.
 *
 * @param milliseconds after which an answer is no longer waited for
 */
export function createClient(milliseconds: number): Client {
  const agent = new Agent({ keepAlive: true, noDelay: true })

  return {
    send(port, method, path, { body, token } = {}) {
      const text = body === undefined ? '' : JSON.stringify(body)
      return new Promise((resolve) => {
        const sent = request(
          {
            agent,
            host: '127.0.0.1',
            port,
            method,
            path,
            headers: {
              ...(body !== undefined && {
                'content-type': 'application/json',
                'content-length': Buffer.byteLength(text)
              }),
              ...(token !== undefined && { authorization: `Bearer ${token}` })
            }
          },
          (response) => {
            const chunks: Buffer[] = []
            response.on('data', (chunk: Buffer) => chunks.push(chunk))
            response.on('end', () => {
              settle(answerOf(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')))
            })
            response.on('error', (error) => settle(broken(error)))
          }
        )
        const late = setTimeout(() => sent.destroy(new Error('ETIMEDOUT')), milliseconds)
        const settle = (answer: Answer) => {
          clearTimeout(late)
          resolve(answer)
        }
        sent.on('error', (error) => settle(broken(error)))
        sent.end(text)
      })
    },
    close: () => agent.destroy()
  }
}

function answerOf(status: number, text: string): Answer {
  const body = text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>)
  const code = typeof body['code'] === 'string' ? ` ${body['code']}` : ''
  return {
    outcome: status < 300 ? 'ok' : status < 500 ? 'refused' : 'unknown',
    text: `${status}${code}`,
    status,
    body
  }
}

function broken(error: Error): Answer {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.message
  // Where there was no connection, nothing was said.
  const outcome = code === 'ECONNREFUSED' ? 'refused' : 'unknown'
  return { outcome, text: `broken ${code}`, status: null, body: {} }
}

/** The tokens of an answer to a sign-in, a refresh or a password change with delivery `body`; null where there are none. */
export function tokensOf({ outcome, body }: Answer): Tokens | null {
  if (outcome !== 'ok') return null
  const access = String(body['access_token'])
  const claims = JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString()) as Readonly<
    Record<string, unknown>
  >
  return {
    access,
    refresh: String(body['refresh_token']),
    session: String(claims['sid']),
    version: Number(claims['ver']),
    roles: Array.isArray(claims['roles']) ? claims['roles'].map(String) : []
  }
}
