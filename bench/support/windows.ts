import type { Job } from '../load/exchange.ts'
import type { Load, Server } from './fleet.ts'
import { inTurn } from './spread.ts'

/** One thing that is loaded, in windows of equal size. */
export interface Contender {
  readonly server: Server
  /** The prepared set of exchanges. */
  readonly set: string
}

/** What a window showed. */
export interface Window {
  readonly perSecond: number
  /** Share of the time in which the server's event loop was busy: below one, it was not the server that set the pace. */
  readonly busy: number
}

export interface Windows {
  readonly requests: number
  readonly atOnce: number
  readonly warmUp: number
  readonly rounds: number
}

export async function loadOnce(
  load: Load,
  { server, set }: Contender,
  job: Omit<Job, 'set' | 'port'>
): Promise<Window> {
  await server.usage()
  const { milliseconds } = await load.run({ ...job, set, port: server.port })
  const { busy } = await server.usage()
  return { perSecond: (job.count / milliseconds) * 1000, busy }
}

/** Requests a second of each, by name, in rounds in which each has one window. */
export async function loadInTurn<Name extends string>(
  load: Load,
  contenders: Readonly<Record<Name, Contender>>,
  { requests, atOnce, warmUp, rounds }: Windows
): Promise<Record<Name, Window[]>> {
  const names = Object.keys(contenders) as Name[]
  const windows = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Window[]>
  for (let round = 0; round < warmUp + rounds; round += 1) {
    for (const name of inTurn(names, round)) {
      const window = await loadOnce(load, contenders[name], { count: requests, atOnce })
      if (round >= warmUp) windows[name].push(window)
    }
  }
  return windows
}

export const rates = (windows: readonly Window[]): number[] => windows.map(({ perSecond }) => perSecond)
