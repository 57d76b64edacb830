import fp from 'fastify-plugin'
import type { Position } from '../src/db/journal.ts'
import { Problem } from '../src/domain/problems.ts'
import type { Revocation } from '../src/domain/revocation-index.ts'
import { EventStream, type StreamEvent } from '../src/http/event-stream.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly feed: {
      /**
       * What is revoked, as it happens: since `lastEventId`, or where there is none or one that says nothing here, after all
       * that is in force. Ends when `isGood` says no, which is asked every few seconds and whenever `ids` are revoked.
       *
       * @throws Problem `overloaded`, or `unavailable` while the service stops
       */
      readonly open: (reader: FeedReader) => Promise<EventStream>
    }
  }
}

export interface FeedReader {
  readonly lastEventId: string | null
  /** Of what the reader's token says: whose revocation may end it. */
  readonly ids: readonly string[]
  readonly isGood: () => boolean
}

/** Streams of one instance. Each holds a connection, and its reader's place in it. */
const MOST_STREAMS = 1000
/** A third of what the contract allows at most, so that a lost one is no reason to doubt. */
const BEAT_EVERY_MILLISECONDS = 5000

interface Stream extends FeedReader {
  readonly events: EventStream
  /** What the newest heartbeat said, milliseconds since the epoch. */
  confirmedAt: number
  begun: boolean
}

export default fp(
  (app) => {
    const { revocations } = app
    const streams = new Set<Stream>()
    let closing = false

    /** Says up to when all is told; nothing while that does not move on. */
    function beat(stream: Stream): void {
      const { position, confirmedAt } = revocations.reached()
      if (!stream.begun || confirmedAt <= stream.confirmedAt) {
        stream.events.sendNothing()
        return
      }
      stream.confirmedAt = confirmedAt
      const data = { confirmed_at: new Date(confirmedAt).toISOString() }
      stream.events.send({ event: 'heartbeat', id: idOf(position), data })
    }

    /** The beginning of a stream, once those who follow have been told to tell it what comes. */
    async function beginning(lastEventId: string | null): Promise<Iterable<StreamEvent>> {
      const position = lastEventId === null ? null : positionOf(lastEventId)
      // Where the database does not answer, what is in force is told from memory.
      const missed = position === null ? null : await revocations.readSince(position).catch(() => null)
      return missed === null ? eventsOf('snapshot', revocations.entries()) : eventsOf('revoked', missed.entries)
    }

    async function open(reader: FeedReader): Promise<EventStream> {
      if (closing) throw new Problem('unavailable', { detail: 'The service is stopping.', retryAfterSeconds: 1 })
      if (streams.size >= MOST_STREAMS) throw new Problem('overloaded', { retryAfterSeconds: 5 })
      // From here on nothing is missed: what happens while the beginning is found out is told after it.
      const meanwhile: Revocation[] = []
      const unfollow = revocations.follow((entry) => meanwhile.push(entry))
      try {
        const events = new EventStream(await beginning(reader.lastEventId), () => {
          stream.begun = true
          beat(stream)
        })
        const stream: Stream = { ...reader, events, confirmedAt: 0, begun: false }
        const tell = (entry: Revocation) => {
          // Before the beginning is over there is no id: a client that came again with one would miss the rest of it.
          const id = stream.begun ? idOf(revocations.reached().position) : undefined
          events.send({ ...eventOf('revoked', entry), id })
          if (reader.ids.includes(entry.id) || entry.kind === 'key') endIfOver(stream)
        }
        const leave = revocations.follow(tell)
        streams.add(stream)
        events.once('close', () => {
          leave()
          streams.delete(stream)
        })
        meanwhile.forEach(tell)
        endIfOver(stream)
        return events
      } finally {
        unfollow()
      }
    }

    const endIfOver = (stream: Stream) => {
      if (!stream.isGood()) stream.events.end()
    }

    const beating = setInterval(() => {
      for (const stream of streams) {
        endIfOver(stream)
        beat(stream)
      }
    }, BEAT_EVERY_MILLISECONDS).unref()

    // Closing waits for answers that are under way, and these would be under way for ever.
    app.addHook('preClose', (done) => {
      closing = true
      clearInterval(beating)
      for (const { events } of streams) events.end()
      done()
    })
    app.decorate('feed', { open })
    return Promise.resolve()
  },
  { name: 'feed', fastify: '5.x', dependencies: ['revocations'] }
)

const idOf = ({ epoch, snapshot }: Position): string => `${epoch}-${snapshot}`

function positionOf(id: string): Position | null {
  const { epoch, snapshot } = /^(?<epoch>\d{1,20})-(?<snapshot>\d{1,20}:\d{1,20}:[\d,]*)$/.exec(id)?.groups ?? {}
  return epoch === undefined || snapshot === undefined ? null : { epoch, snapshot }
}

function* eventsOf(event: string, entries: Iterable<Revocation>): Iterable<StreamEvent> {
  for (const entry of entries) yield eventOf(event, entry)
}

const eventOf = (event: string, { kind, id, staleBelow, revokedBelow, until }: Revocation): StreamEvent => ({
  event,
  data: {
    kind,
    id,
    ...(staleBelow !== null && { stale_below: staleBelow }),
    ...(revokedBelow !== null && { revoked_below: revokedBelow }),
    until: new Date(Math.min(until, LAST_TIME)).toISOString()
  }
})

/** The last time that RFC 3339 can write: 31 December 9999. */
const LAST_TIME = 253_402_300_799_999
