import { requestOf } from '../load/exchange.ts'
import { AT_ONCE } from '../support/at-once.ts'
import { contest, type Turn } from '../support/contest.ts'
import { createFleet, type Load, settingsOver, type Server } from '../support/fleet.ts'
import { ratioOf, spreadOf } from '../support/spread.ts'
import type { Cell, Suite } from '../support/suite.ts'

const SCALES = {
  full: { count: 2000, rounds: 10, warmUpRounds: 2 },
  quick: { count: 200, rounds: 2, warmUpRounds: 1 }
} as const

/** One turn of each session over HTTP: its tokens are made before, and each is good once. */
function overHttp(load: Load, set: string, server: Server, path: string): Turn {
  return async (round, count) => {
    const tokens = await server.tell<readonly string[]>('tokensOf', round)
    const exchanges = tokens.map((token) => ({
      request: requestOf(
        'POST',
        path,
        { 'content-type': 'application/json' },
        JSON.stringify({ refresh_token: token })
      ),
      answers: [{ status: 200, holds: '"access_token":"[\\w-]+\\.[\\w-]+\\.[\\w-]{86}".*"refresh_token":"' }]
    }))
    await load.prepare(set, exchanges)
    const { milliseconds } = await load.run({ set, port: server.port, count, atOnce: AT_ONCE, sleeps: true })
    return milliseconds
  }
}

export default {
  about: ['TODO'],
  async run(scale) {
    const { count } = SCALES[scale]
    const fleet = createFleet()
    try {
      const postgres = await fleet.postgres({
        fsync: true,
        settings: { synchronous_commit: 'on', full_page_writes: 'on' }
      })
      const settings = settingsOver(postgres.url)
      const latchkey = await fleet.server('latchkey', { env: settings })
      const statement = await fleet.server('latchkey', { env: settings })
      const plainEnv = (table: string, more = {}) => ({ DATABASE_URL: postgres.url, TABLE: table, ...more })
      const update = await fleet.server('plain-refresh', { env: plainEnv('sessions_1') })
      const plain = await fleet.server('plain-refresh', { env: plainEnv('sessions_2') })
      const audited = await fleet.server('plain-refresh', { env: plainEnv('sessions_3', { AUDIT: '1' }) })
      for (const server of [latchkey, statement, update, plain, audited]) await server.tell('open', count)
      const load = fleet.load()
      const rates = await contest(
        {
          update: (round) => update.tell<number>('turn', round),
          latchkey: overHttp(load, 'latchkey', latchkey, '/api/v1/auth/refresh'),
          statement: (round) => statement.tell<number>('turn', round),
          plain: overHttp(load, 'plain', plain, '/refresh'),
          audited: overHttp(load, 'audited', audited, '/refresh')
        },
        SCALES[scale]
      )
      const row = (what: string, side: keyof typeof rates): readonly Cell[] => [
        what,
        spreadOf(rates[side]),
        ratioOf(rates[side], rates.update)
      ]
      return [
        {
          title: 'Refreshes a second',
          columns: ['', 'a second', 'beside one UPDATE'],
          rows: [
            row('one UPDATE … RETURNING from Node', 'update').with(-1, ''),
            row('Latchkey', 'latchkey'),
            row('its statement alone, without HTTP and signature', 'statement'),
            row('one UPDATE with HMAC, ES256 and HTTP', 'plain'),
            row('the same with an audit row', 'audited')
          ]
        }
      ]
    } finally {
      await fleet.stop()
    }
  }
} satisfies Suite
