import fp from 'fastify-plugin'
import { createJournal } from '../src/db/journal.ts'
import { createClock } from '../src/domain/clock.ts'
import { createFreshness } from '../src/domain/freshness.ts'
import { Problem } from '../src/domain/problems.ts'
import {
  createRevocationIndex,
  PRUNE_STEPS,
  type Revocation,
  type RevocationIndex
} from '../src/domain/revocation-index.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly revocations: Pick<RevocationIndex, 'stateOf' | 'isKeyRevoked'> & {
      /** Puts entries that a statement has just written in force here, before its caller answers. */
      readonly apply: (entries: readonly Revocation[]) => void
      /** Whether the view can be relied on. */
      readonly isCurrent: () => boolean
      /** @throws Problem `revocation_unavailable` where it cannot be confirmed what has been revoked. */
      readonly assertCurrent: () => void
      /** Milliseconds since the epoch, by the database's clock. */
      readonly now: () => number
    }
  }
}

export interface RevocationsOptions {
  /** `listen`: entries are announced, and read again each second; `poll`: they are read often enough to need no announcement. */
  readonly sync: 'listen' | 'poll'
  /** Seconds after which an unconfirmed view is no longer relied on. */
  readonly maxStalenessSeconds: number
}

/** Milliseconds between the end of one reading and the next. */
const READ_EVERY = { listen: 1000, poll: 45 } as const
/** Readings that fit into the time after which the view is stale, so that one that is late or lost refuses nobody. */
const READINGS_WITHIN_STALENESS = 4
/** In which all of the index has had its turn, a step about each second. */
const PRUNED_WITHIN_MILLISECONDS = 60_000

/**
 * Keeps the deny-list in memory. Announcements make it quick; readings of the journal make it right, and are what its
 * freshness is measured by: it is current as of when the newest completed reading began. A connection that silently
 * stopped delivering announcements therefore costs a second, never correctness.
 */
export default fp(
  async (app, { sync, maxStalenessSeconds }: RevocationsOptions) => {
    const journal = createJournal(app.database)
    const index = createRevocationIndex()
    const clock = createClock()
    const freshness = createFreshness()
    const pause = Math.min(READ_EVERY[sync], (maxStalenessSeconds * 1000) / READINGS_WITHIN_STALENESS)
    let horizon: string | null = null
    let failing = false

    const apply = (entries: readonly Revocation[]) => {
      for (const entry of entries) index.apply(entry)
    }
    const isCurrent = () => freshness.age() <= maxStalenessSeconds

    async function read() {
      const confirm = freshness.begin()
      const reading = await journal.readFrom(horizon)
      clock.observe(reading.now)
      apply(reading.entries)
      horizon = reading.horizon
      confirm()
    }

    async function keepReading() {
      try {
        await read()
        if (failing) app.log.info('The journal of revocations can be read again.')
        failing = false
      } catch (error) {
        if (!failing) app.log.error({ err: error }, 'The journal of revocations cannot be read.')
        failing = true
      }
      if (!closing) timer = setTimeout(() => void keepReading(), pause).unref()
    }

    // Listening comes first: what is committed between the first reading and the first announcement would be lost otherwise.
    if (sync === 'listen')
      await journal.listen(
        (entry) => index.apply(entry),
        () => undefined
      )
    await read()

    let closing = false
    let timer = setTimeout(() => void keepReading(), pause).unref()
    const pruning = setInterval(() => index.pruneStep(clock.now()), PRUNED_WITHIN_MILLISECONDS / PRUNE_STEPS).unref()
    app.addHook('onClose', () => {
      closing = true
      clearTimeout(timer)
      clearInterval(pruning)
    })

    app.decorate('revocations', {
      apply,
      isCurrent,
      assertCurrent() {
        if (!isCurrent()) throw new Problem('revocation_unavailable', { retryAfterSeconds: 1 })
      },
      now: () => clock.now(),
      stateOf: (token) => index.stateOf(token),
      isKeyRevoked: (kid) => index.isKeyRevoked(kid)
    })
  },
  { name: 'revocations', fastify: '5.x', dependencies: ['database'] }
)
