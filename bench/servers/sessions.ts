import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import postgres from 'postgres'
import { v7 as uuidv7 } from 'uuid'
import type * as RefreshTokens from '../../src/domain/refresh-token.ts'
import { atOnce } from '../support/at-once.ts'

interface Session {
  readonly id: string
  readonly seed: Buffer
}

const ROWS_A_STATEMENT = 1000

/**
 * Sessions of the service, each of a user of its own, as they are after a sign-in: opened in bulk, and known by their seeds,
 * so that the refresh tokens of any turn can be made before it has come.
 */
export function openableSessions(
  app: FastifyInstance,
  databaseUrl: string,
  { makeRefreshToken, readRefreshToken }: typeof RefreshTokens
) {
  const sessions: Session[] = []
  const key = app.keys.currentMac('refresh')
  const tokensOf = (turn: number) => sessions.map(({ id, seed }) => makeRefreshToken(key, id, seed, turn))

  return {
    async open(count: number): Promise<void> {
      const sql = postgres(databaseUrl, { max: 1 })
      const expiry = new Date(app.revocations.now() + 86_400_000)
      for (let begun = 0; begun < count; begun += ROWS_A_STATEMENT) {
        const opened = Array.from({ length: Math.min(ROWS_A_STATEMENT, count - begun) }, () => ({
          ...{ userId: uuidv7(), id: uuidv7(), seed: randomBytes(32) }
        }))
        const users = opened.map(({ userId: id }) => ({
          ...{ id, email: `${id}@example.com`, email_key: `${id}@example.com`, display_name: 'Ada Lovelace' }
        }))
        const rows = opened.map(({ userId, id, seed }) => ({
          ...{ id, user_id: userId, seed, delivery: 'body', opened_version: 1, refresh_kid: key.kid },
          ...{ idle_expires_at: expiry, expires_at: expiry, ip: '127.0.0.1', user_agent: 'bench' }
        }))
        await sql`insert into users ${sql(users)}`
        await sql`insert into sessions ${sql(rows)}`
        sessions.push(...opened)
      }
      await sql`analyze`
      await sql.end()
    },
    tokensOf,
    /** The statement alone, as the route calls it: milliseconds for a turn of each session. */
    async refresh(turn: number): Promise<number> {
      const tokens = tokensOf(turn).map((text) => readRefreshToken(text, () => key))
      const act = { actor: null, ip: '127.0.0.1', requestId: uuidv7() }
      return atOnce(tokens, async (token) => {
        if (token === null) throw new Error('A refresh token was not readable.')
        const { verdict } = await app.sessions.refresh(token, act)
        if (verdict !== 'turn') throw new Error(`A session did not turn: ${verdict}`)
      })
    }
  }
}
