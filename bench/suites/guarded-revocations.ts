import { setTimeout as sleep } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { createFleet } from '../support/fleet.ts'
import { getsWith, MANY_TOKENS, onLoadCore, startLatchkey } from '../support/guarded.ts'
import { ratioOf, spreadOf } from '../support/spread.ts'
import { mustBe, type Scale, type Suite } from '../support/suite.ts'
import { loadInTurn, loadOnce, rates } from '../support/windows.ts'

const SCALES: Record<
  Scale,
  { readonly requests: number; readonly warmUp: number; readonly rounds: number; readonly entries: number }
> = {
  full: { requests: 3000, warmUp: 4, rounds: 16, entries: 1_000_000 },
  quick: { requests: 300, warmUp: 1, rounds: 2, entries: 10_000 }
}
const AT_ONCE = 32
const PER_SECOND = 500
/** Revocations that may wait for the database at the end of a window. */
const MOST_UNDER_WAY = 25

export default {
  about: [
    'The GET of the suite `guarded` with 5,000 tokens in turn, none of which is revoked; default settings, log to a pipe, PostgreSQL.',
    'First: a process with 1,000,000 live entries in its deny-list (half tokens, half sessions) beside one with none, window by window. Second: one process, windows in which 500 revocations a second are committed to its database by others, so that it hears each of them, beside windows in which none is. The database runs on the core of the load. That the revocations arrived is checked: after each window a request with the token that was revoked last is refused.'
  ],
  async run(scale) {
    const { requests, warmUp, rounds, entries } = SCALES[scale]
    const fleet = createFleet()
    try {
      const { url } = await fleet.postgres()
      const load = fleet.load(onLoadCore)
      const [empty, full] = [await startLatchkey(fleet, url), await startLatchkey(fleet, url)]
      await full.tell('revoke', entries)
      const tokens = await empty.tell<string[]>('tokens', MANY_TOKENS)
      await load.prepare('guarded', getsWith(tokens))
      const contenders = { empty: { server: empty, set: 'guarded' }, full: { server: full, set: 'guarded' } }
      const windows = await loadInTurn(load, contenders, { requests, atOnce: AT_ONCE, warmUp, rounds })

      const revoker = createRevoker(url)
      const [calm, revoking]: [number[], number[]] = [[], []]
      const window = () => loadOnce(load, contenders.empty, { count: requests, atOnce: AT_ONCE })
      for (let round = 0; round < warmUp + rounds; round += 1) {
        const without = await window()
        const last = await empty.tell<string[]>('tokens', 1)
        revoker.start()
        await sleep(50)
        const during = await window()
        await revoker.stop(last[0] ?? '')
        await mustBeRefused(empty.port, last[0] ?? '')
        if (round < warmUp) continue
        calm.push(without.perSecond)
        revoking.push(during.perSecond)
      }
      await revoker.end()

      const [withEntries, without] = [rates(windows.full), rates(windows.empty)]
      const columns = ['', 'with, a second', 'without, a second', 'with / without']
      const count = entries.toLocaleString('en')
      return [
        {
          title: 'What is revoked, and what is being revoked',
          columns,
          rows: [
            [`${count} live entries`, spreadOf(withEntries), spreadOf(without), ratioOf(withEntries, without)],
            [`${PER_SECOND} revocations a second`, spreadOf(revoking), spreadOf(calm), ratioOf(revoking, calm)]
          ]
        }
      ]
    } finally {
      await fleet.stop()
    }
  }
} satisfies Suite

/** Commits revocations as the statements of other instances do, one by one. */
function createRevoker(url: string) {
  const sql = postgres(url, { max: 4 })
  let running: Promise<void> | null = null
  let going = false
  const revoke = (jti: string) =>
    sql`insert into revocations (kind, id, until) values ('token', ${jti}, now() + interval '1 hour')`
  async function run(): Promise<void> {
    const began = performance.now()
    const seconds = () => (performance.now() - began) / 1000
    let [begun, done] = [0, 0]
    const under: Promise<unknown>[] = []
    while (going) {
      for (; begun < seconds() * PER_SECOND; begun += 1) under.push(revoke(randomUUID()).then(() => (done += 1)))
      await sleep(2)
    }
    // Those that are under way when the window ends do not count.
    const reached = (done + MOST_UNDER_WAY) / seconds()
    if (reached < PER_SECOND) throw new Error(`Only ${reached.toFixed(0)} revocations a second were made.`)
    await Promise.all(under)
  }
  return {
    start() {
      going = true
      running = run()
    },
    /** And revokes this token last. */
    async stop(token: string) {
      going = false
      await running
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
        readonly jti: string
      }
      await revoke(claims.jti)
      await sleep(100)
    },
    end: () => sql.end()
  }
}

async function mustBeRefused(port: number, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  const { status } = await fetch(`http://127.0.0.1:${port}/bench/guarded`, { headers })
  mustBe(status, 401, 'the status for the token that was revoked last')
}
