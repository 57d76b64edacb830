import { createFleet, type Load, type Server } from '../support/fleet.ts'
import { getsWith, onLoadCore, startLatchkey } from '../support/guarded.ts'
import { ratioOf, spreadOf } from '../support/spread.ts'
import type { Scale, Suite } from '../support/suite.ts'
import { loadOnce } from '../support/windows.ts'

const SCALES: Record<Scale, { readonly requests: number; readonly warmUp: number; readonly rounds: number }> = {
  full: { requests: 2000, warmUp: 3, rounds: 14 },
  quick: { requests: 100, warmUp: 1, rounds: 2 }
}
const AT_ONCE = 32

export default {
  about: [
    'The GET of the suite `guarded`, but each token comes for the first time: nothing about it is remembered. Beside what has to be done in any case, added up: the same route with `anyone` in the same process, with as many tokens that were not seen before, and the check of an ES256 signature by `crypto.verify` with a prepared key, nothing around it, in the same process. All three are measured in each round; default settings, log to a pipe, PostgreSQL.',
    'Microseconds a request or check; the ratio is (anyone + signature) / cold.'
  ],
  async run(scale) {
    const { requests, warmUp, rounds } = SCALES[scale]
    const fleet = createFleet()
    try {
      const { url } = await fleet.postgres()
      const load = fleet.load(onLoadCore)
      const server = await startLatchkey(fleet, url)
      const [cold, open, signature]: [number[], number[], number[]] = [[], [], []]
      for (let round = 0; round < warmUp + rounds; round += 1) {
        const tokens = await server.tell<string[]>('tokens', requests)
        const figures = {
          open: await microseconds(load, server, '/bench/anyone', tokens),
          signature: await server.tell<number>('signatures', requests),
          cold: await microseconds(load, server, '/bench/guarded', tokens)
        }
        if (round < warmUp) continue
        open.push(figures.open)
        signature.push(figures.signature)
        cold.push(figures.cold)
      }
      const least = open.map((each, round) => each + (signature[round] ?? NaN))
      return [
        {
          title: 'Every token new',
          columns: ['', 'cold, µs', 'anyone, µs', 'signature, µs', '(anyone + signature) / cold'],
          rows: [['ES256', spreadOf(cold), spreadOf(open), spreadOf(signature), ratioOf(least, cold)]]
        }
      ]
    } finally {
      await fleet.stop()
    }
  }
} satisfies Suite

async function microseconds(load: Load, server: Server, path: string, tokens: readonly string[]): Promise<number> {
  await load.prepare(path, getsWith(tokens, path))
  const { perSecond } = await loadOnce(load, { server, set: path }, { count: tokens.length, atOnce: AT_ONCE })
  return 1e6 / perSecond
}
