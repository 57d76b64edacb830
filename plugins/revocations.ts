import fp from 'fastify-plugin'
import { createJournal, type Position, type Reading } from '../src/db/journal.ts'
import { LEEWAY_SECONDS } from '../src/domain/access-token.ts'
import { createClock } from '../src/domain/clock.ts'
import { createFreshness } from '../src/domain/freshness.ts'
import { createHearing } from '../src/domain/hearing.ts'
import { createReliance, type Reliance } from '../src/domain/reliance.ts'
import {
  createRevocationIndex,
  PRUNE_STEPS,
  type Revocation,
  type RevocationIndex
} from '../src/domain/revocation-index.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly revocations: Pick<RevocationIndex, 'stateOf' | 'isKeyRevoked' | 'entries'> &
      Reliance & {
        /** Puts entries that a statement has just written in force here, before its caller answers. */
        readonly apply: (entries: readonly Revocation[]) => void
        /** Milliseconds since the epoch, by the database's clock. */
        readonly now: () => number
        /** Tells of every entry that is new here, until the result is called. */
        readonly follow: (onEntry: (entry: Revocation) => void) => () => void
        /**
         * Tells of every entry as it comes, new here or not: for what was read from the database, and is not to be relied on any
         * longer. `onOtherLife` is called when the database is another one than before (`Position`), before its entries come.
         */
        readonly hear: (onEntry: (entry: Revocation) => void, onOtherLife: () => void) => void
        /** How far the journal is in force here. */
        readonly reached: () => Reached
        /** What was committed since; null where the position is not one of this database. */
        readonly readSince: (position: Position) => Promise<Reading | null>
      }
  }
}

export interface Reached {
  readonly position: Position
  /** Milliseconds since the epoch: everything that was committed until then is in force here. */
  readonly confirmedAt: number
}

export interface RevocationsOptions {
  /** `listen`: entries are announced, and read as well; `poll`: they are read often enough to need no announcement. */
  readonly sync: 'listen' | 'poll'
  /** Seconds after which an unconfirmed view is no longer relied on. */
  readonly maxStalenessSeconds: number
}

/** Milliseconds from the beginning of one reading to that of the next. Poll mode may cost 20 small reads a second. */
const READ_EVERY = { listen: 200, poll: 50 } as const
/** Seconds: an older view is confirmed before it is used. Two readings have been late by then, or the process was stopped. */
const CONFIRM_AFTER = { listen: 0.5, poll: 0.2 } as const
/** In which all of the index has had its turn, a step about each second. */
const PRUNED_WITHIN_MILLISECONDS = 60_000

/**
 * Keeps the deny-list in memory. Announcements make it quick; readings of the journal make it right, and are what its
 * freshness is measured by: it is current as of when the newest completed reading began. So what an instance does not hear
 * costs a fraction of a second, and what it cannot read costs `maxStalenessSeconds` at most.
 */
export default fp(
  async (app, { sync, maxStalenessSeconds }: RevocationsOptions) => {
    const journal = createJournal(app.database)
    const index = createRevocationIndex()
    const clock = createClock()
    const freshness = createFreshness()
    const hearing = createHearing()
    const followers = new Set<(entry: Revocation) => void>()
    const hearers: { readonly onEntry: (entry: Revocation) => void; readonly onOtherLife: () => void }[] = []
    let since: Position | null = null

    const apply = (entries: readonly Revocation[]) => {
      for (const entry of entries) {
        if (index.apply(entry)) for (const tell of followers) tell(entry)
        for (const { onEntry } of hearers) onEntry(entry)
      }
    }

    // Listening comes first: what is committed between the first reading and the first announcement would be lost otherwise.
    const listener =
      sync === 'poll'
        ? null
        : await journal.listen(
            (entry) => {
              hearing.heard(entry)
              apply([entry])
            },
            () => hearing.restart()
          )

    async function read(): Promise<Reached> {
      since ??= await journal.load(apply)
      const confirm = freshness.begin()
      const began = performance.now()
      const reading = await journal.readSince(since)
      if (reading === null) {
        // What is in force here stays in force; what the other database has comes on top.
        since = null
        for (const { onOtherLife } of hearers) onOtherLife()
        throw new Error('The journal is that of another life of the database: all of it is read anew.')
      }
      const behind = clock.observe(reading.now, performance.now() - began) / 1000
      if (behind > LEEWAY_SECONDS) app.log.error(`The database's clock was set back by ${behind.toFixed(1)} s.`)
      apply(reading.entries)
      since = reading.position
      confirm()
      if (listener !== null && hearing.missed(reading.entries)) {
        app.log.warn('Announcements of revocations are not heard any more: another connection is opened for them.')
        listener.renew()
      }
      return { position: since, confirmedAt: reading.now }
    }
    let reached = await read()

    let failing = false
    let reading: Promise<void> | null = null
    const readOnce = () =>
      (reading ??= read()
        .then((now) => {
          reached = now
          if (failing) app.log.info('The journal of revocations can be read again.')
          failing = false
        })
        .catch((error: unknown) => {
          if (!failing && !closing) app.log.error({ err: error }, 'The journal of revocations cannot be read.')
          failing = true
        })
        .finally(() => (reading = null)))

    let closing = false
    let timer: NodeJS.Timeout
    async function keepReading() {
      const began = performance.now()
      await readOnce()
      if (!closing) next(performance.now() - began)
    }
    const next = (took: number) => {
      timer = setTimeout(() => void keepReading(), Math.max(1, READ_EVERY[sync] - took)).unref()
    }
    next(0)
    const pruning = setInterval(() => index.pruneStep(clock.now()), PRUNED_WITHIN_MILLISECONDS / PRUNE_STEPS).unref()
    app.addHook('onClose', async () => {
      closing = true
      clearTimeout(timer)
      clearInterval(pruning)
      await reading
    })

    const reliance = createReliance({
      freshness,
      freshFor: CONFIRM_AFTER[sync],
      currentFor: maxStalenessSeconds,
      read: readOnce,
      isFailing: () => failing
    })

    app.decorate('revocations', {
      apply,
      ...reliance,
      now: () => clock.now(),
      stateOf: (token) => index.stateOf(token),
      isKeyRevoked: (kid) => index.isKeyRevoked(kid),
      entries: () => index.entries(),
      follow(onEntry) {
        followers.add(onEntry)
        return () => void followers.delete(onEntry)
      },
      hear: (onEntry, onOtherLife) => void hearers.push({ onEntry, onOtherLife }),
      reached: () => reached,
      readSince: (position) => journal.readSince(position)
    })
  },
  { name: 'revocations', fastify: '5.x', dependencies: ['database'] }
)
