import type { Exchange } from '../load/exchange.ts'
import { createFleet, settingsOver, type Load, type Server } from '../support/fleet.ts'
import { signIns } from '../support/people.ts'
import { inTurn, ratioOf, spreadOf } from '../support/spread.ts'
import { mustBe, type Cell, type Suite } from '../support/suite.ts'

/** Sign-ins under way at once. */
const AT_ONCE = [8, 32] as const
/** Nobody signs in twice within a round. */
const PEOPLE = 2000
const WARM_UP_ROUNDS = 1
/** At a hash of some 20 ms on each of two cores, of which better-auth's takes a multiple. */
const SCALES = {
  full: { rounds: 7, hashes: 240, slowHashes: 32 },
  quick: { rounds: 1, hashes: 40, slowHashes: 32 }
} as const

type Contender = 'bare' | 'latchkey' | 'plain' | 'betterAuth'
const NAMES: Readonly<Record<Contender, string>> = {
  bare: 'Argon2id alone',
  latchkey: 'Latchkey',
  plain: 'Fastify, @node-rs/argon2',
  betterAuth: 'better-auth (scrypt)'
}
const CONTENDERS: readonly Contender[] = ['bare', 'latchkey', 'plain', 'betterAuth']
const HOLDS_TOKEN = '"access_token":"[\\w-]+\\.[\\w-]+\\.[\\w-]+"'

export default {
  about: [
    'Sign-ins per second, beside hashes per second of Argon2id alone at the same concurrency: `verify` of @node-rs/argon2 with the parameters that are the default of the service, in a process of its own with nothing else in it. Each process has the four threads that Node starts by default.',
    'Latchkey is the production build with default settings (the throttles are on, a line is logged for each request) over PostgreSQL on the same machine. A sign-in is `POST /api/v1/auth/login` over TCP with delivery `body`: two statements, one of which writes the session and the audit event, an access token signed with ES256 and a refresh token. Everybody signs in from one address, each of 2,000 people in turn, with the right password.',
    'Beside it: Fastify with @node-rs/argon2 and @fastify/jwt (HS256), which has its one user in memory, keeps nothing and logs nothing; and better-auth over its memory adapter, which hashes with scrypt, without its rate limit. The load is a process of its own that sleeps between answers. Nothing is kept to a core: service, database and load share those of the machine, while Argon2id alone has them to itself.'
  ],
  async run(scale) {
    const { rounds, hashes, slowHashes } = SCALES[scale]
    const fleet = createFleet()
    try {
      const load = fleet.load()
      const measures = await startAll(load, fleet, (contender) => (contender === 'betterAuth' ? slowHashes : hashes))
      const rows: (readonly Cell[])[] = []
      const rates = new Map<string, number[]>()
      for (let round = 0; round < WARM_UP_ROUNDS + rounds; round += 1) {
        for (const atOnce of inTurn(AT_ONCE, round)) {
          for (const contender of inTurn(CONTENDERS, round)) {
            const rate = await measures[contender](atOnce)
            if (round < WARM_UP_ROUNDS) continue
            const name = `${contender} ${atOnce}`
            rates.set(name, [...(rates.get(name) ?? []), rate])
          }
        }
      }
      for (const atOnce of AT_ONCE) {
        const bare = rates.get(`bare ${atOnce}`) ?? []
        for (const contender of CONTENDERS) {
          const own = rates.get(`${contender} ${atOnce}`) ?? []
          rows.push([`${NAMES[contender]}, ${atOnce} at once`, spreadOf(own), ratioOf(own, bare)])
        }
      }
      return [{ title: 'Sign-ins per second', columns: ['', 'per second', 'of Argon2id alone'], rows }]
    } finally {
      await fleet.stop()
    }
  }
} satisfies Suite

type Measure = (atOnce: number) => Promise<number>

/** Everything that is compared, each with how it is measured: so many at once, in sign-ins or hashes per second. */
async function startAll(
  load: Load,
  fleet: ReturnType<typeof createFleet>,
  countOf: (contender: Contender) => number
): Promise<Readonly<Record<Contender, Measure>>> {
  const bare = new Map<number, Server>()
  for (const atOnce of AT_ONCE) {
    bare.set(atOnce, await fleet.server('argon2', { env: { AT_ONCE: String(atOnce) } }))
  }
  const { url } = await fleet.postgres()
  const latchkey = await fleet.server('latchkey', { env: settingsOver(url) })
  await latchkey.tell('people', PEOPLE)

  async function signInsOf(contender: Contender, { port }: Server, exchanges: readonly Exchange[]): Promise<Measure> {
    await load.prepare(contender, exchanges)
    let from = 0
    return async (atOnce) => {
      const count = countOf(contender)
      const { milliseconds, latencies } = await load.run({ set: contender, port, count, from, atOnce, sleeps: true })
      from += count
      mustBe(latencies.get(200)?.length, count, `sign-ins of ${contender}`)
      return (count / milliseconds) * 1000
    }
  }
  return {
    async bare(atOnce) {
      const count = countOf('bare')
      return (count / ((await bare.get(atOnce)?.tell<number>('verify', count)) ?? NaN)) * 1000
    },
    latchkey: await signInsOf(
      'latchkey',
      latchkey,
      signIns(PEOPLE, '/api/v1/auth/login', [{ status: 200, holds: HOLDS_TOKEN }], { delivery: 'body' })
    ),
    plain: await signInsOf(
      'plain',
      await fleet.server('plain-sign-in'),
      signIns(1, '/login', [{ status: 200, holds: HOLDS_TOKEN }])
    ),
    betterAuth: await signInsOf(
      'betterAuth',
      await fleet.server('better-auth'),
      signIns(1, '/api/auth/sign-in/email', [{ status: 200, holds: '"token":"[\\w-]+"' }])
    )
  }
}
