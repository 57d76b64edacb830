import type { Random } from '../support/random.ts'
import type { Acts } from './acts.ts'
import type { Driver } from './driver.ts'
import type { Drain } from './evidence.ts'
import type { InstanceNumber } from './history.ts'
import type { Stage } from './stage.ts'

/** Where a fault takes place. */
export interface Scene {
  readonly stage: Stage
  readonly acts: Acts
  readonly driver: Driver
  readonly random: Random
  /** Whom it hits, where it does not hit both. */
  readonly target: InstanceNumber
  readonly other: InstanceNumber
  /** REVOCATION_MAX_STALENESS in milliseconds. */
  readonly bound: number
  readonly drains: Drain[]
}

export interface Fault {
  readonly name: string
  /** From when on the service has its time to come back: when `end` resolves. */
  readonly recoversFrom: string
  /** How long it lasts, given the bound on staleness; in milliseconds. */
  readonly lasts: (bound: number) => number
  readonly begin: (scene: Scene) => Promise<void>
  readonly end: (scene: Scene) => Promise<void>
  /** It needs an instance that listens. */
  readonly onlyListening?: true
}

export const BOTH = [0, 1] as const
/** Long enough for everybody to meet it, and short enough for many rounds; milliseconds. */
export const A_WHILE = 1200
export const forAWhile = () => A_WHILE
/** For every instance to become aware that its view is too old. */
export const pastBound = (bound: number) => bound + 500
export const nothing = () => Promise.resolve()
