import { type Answer, type Exchange, requestOf } from '../load/exchange.ts'
import type { Client } from '../servers/issuing.ts'

/** A form that a client sends, saying who it is by `client_secret_basic`. */
export function formOf(path: string, { id, secret }: Client, fields: Record<string, string>, answer: Answer): Exchange {
  const credentials = [id, secret].map(encodeURIComponent).join(':')
  const headers = {
    authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded'
  }
  return { request: requestOf('POST', path, headers, new URLSearchParams(fields).toString()), answers: [answer] }
}
