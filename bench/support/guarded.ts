import type { Exchange } from '../load/exchange.ts'
import { requestOf } from '../load/exchange.ts'
import { ANSWER } from '../servers/route.ts'
import { LOAD_CORE, SERVER_CORE, settingsOver, type Fleet, type Server } from './fleet.ts'

const RIGHT = [{ status: 200, body: JSON.stringify(ANSWER) }]
/** Of a connection, or another one with each answer. */
const NOT_THE_SAME = new Set(['connection', 'content-length', 'content-type', 'date', 'keep-alive', 'x-request-id'])

export const MANY_TOKENS = 5000

/** A GET with each of these tokens, to be answered as every server answers. */
export const getsWith = (tokens: readonly string[], path = '/bench/guarded'): Exchange[] =>
  tokens.map((token) => ({ request: requestOf('GET', path, { authorization: `Bearer ${token}` }), answers: RIGHT }))

export const onServerCore = { core: SERVER_CORE, output: 'pipe' } as const
export const onLoadCore = { core: LOAD_CORE } as const

/** The service on a core of its own, its log to a pipe. */
export const startLatchkey = (fleet: Fleet, databaseUrl: string, env: Readonly<Record<string, string>> = {}) =>
  fleet.server('latchkey', { ...onServerCore, env: { ...settingsOver(databaseUrl), ...env } })

/** As others are to send them: in the environment of bench/servers/. */
export async function headersOf({ port }: Server): Promise<string> {
  const { headers } = await fetch(`http://127.0.0.1:${port}/bench/anyone`)
  return JSON.stringify(Object.fromEntries([...headers].filter(([name]) => !NOT_THE_SAME.has(name))))
}
