import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import type { Acts } from './acts.ts'
import type { InstanceNumber } from './history.ts'
import { live, type Dead } from './life.ts'

/** People at work on two instances, until they are told to stop. */
export interface Driver {
  /** Resolves when everything that was asked has been answered, or was waited for long enough. */
  stop(): Promise<void>
  /** Tries the tokens that were revoked last in this round on one instance, all at once. */
  probeDead(on: InstanceNumber, most?: number): Promise<void>
  /** Tokens whose revocation was acknowledged. */
  readonly dead: readonly Dead[]
}

export interface DriverOptions {
  readonly acts: Acts
  readonly random: Random
  /** What the addresses of this round begin with. */
  readonly name: string
  readonly workers: number
  readonly bound: number
  /** Access tokens that were revoked in earlier rounds. */
  readonly formerlyDead: readonly string[]
}

/** Milliseconds between two tries with a token that is dead, or never lived. */
const TRY_EVERY = 20
const MOST_AT_ONCE = 60
/** The first workers have an instance each: while one hangs, things are done and revoked on the other. */
const HOMES: readonly InstanceNumber[] = [0, 1]

export function startDriver({ acts, random, name, workers, bound, formerlyDead }: DriverOptions): Driver {
  const dead: Dead[] = []
  const background = new Set<Promise<void>>()
  let over = false
  const inBackground = (work: Promise<void>) => {
    const entry = work.finally(() => background.delete(entry))
    background.add(entry)
  }
  const bury = (one: Dead) => void dead.push(one)

  async function work(worker: number): Promise<void> {
    const life = { acts, random, bound, bury, inBackground, home: HOMES[worker] ?? null, isOver: () => over }
    for (let i = 0; !over; i++) {
      await live(life, `${name}-${worker}-${i}@example.com`)
      // Where nobody answers, everybody would fail at once and come again.
      await sleep(20 + random.below(50))
    }
  }

  async function tryTheDead(): Promise<void> {
    while (!over) {
      await sleep(TRY_EVERY)
      // Not one after the other: an instance that does not answer must not keep the other from being asked.
      inBackground(tryOne(random.pick([0, 1])))
    }
  }

  async function tryOne(on: InstanceNumber): Promise<void> {
    const former = formerlyDead[random.below(formerlyDead.length)]
    const one = dead[random.below(dead.length)]
    const door = random.pick(['own', 'closed'] as const)
    if (former !== undefined && random.below(4) === 0) await acts.badToken(on, former, 'a token revoked long ago', door)
    else if (one !== undefined) await acts.probe(on, one.person, one.tokens, door)
    else await acts.badToken(on, 'garbage.of.sorts', 'garbage', door)
  }

  const working = [...Array.from({ length: workers }, (_, worker) => work(worker)), tryTheDead()]

  return {
    dead,
    async probeDead(on, most = MOST_AT_ONCE) {
      const some = dead.slice(-most)
      await Promise.all(
        some.map(({ person, tokens }, i) => acts.probe(on, person, tokens, i % 4 === 0 ? 'own' : 'closed'))
      )
    },
    async stop() {
      over = true
      await Promise.all(working)
      await Promise.all(background)
    }
  }
}
