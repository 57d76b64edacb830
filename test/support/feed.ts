import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'

export interface FeedEvent {
  readonly event: string
  readonly id: string | null
  readonly data: Readonly<Record<string, unknown>>
}

/** A reader of the feed that knows no more of server-sent events than the standard says. */
export interface Reader {
  readonly answer: IncomingMessage
  /** All events so far. */
  readonly events: readonly FeedEvent[]
  /** Waits for the first event that fits. */
  find(fits: (event: FeedEvent) => boolean): Promise<FeedEvent>
  /** Waits until the service has ended the stream. */
  readonly ended: Promise<'ended' | 'cut off'>
  leave(): void
}

export async function readFeed(url: string, token: string, lastEventId?: string): Promise<Reader> {
  const sent = request(`${url}/oauth2/revocations`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId })
    },
    agent: false
  })
  sent.end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const events: FeedEvent[] = []
  const waiting = new Set<() => void>()
  let rest = ''
  answer.setEncoding('utf8')
  answer.on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => splitOnce(line)))
      const data = fields.get('data')
      if (data === undefined) continue
      events.push({
        event: fields.get('event') ?? 'message',
        id: fields.get('id') ?? null,
        data: JSON.parse(data) as FeedEvent['data']
      })
    }
    for (const look of [...waiting]) look()
  })
  const ended = new Promise<'ended' | 'cut off'>((resolve) => {
    answer.once('end', () => {
      resolve('ended')
    })
    answer.once('error', () => {
      resolve('cut off')
    })
  })
  return {
    answer,
    events,
    ended,
    find: (fits) =>
      new Promise((resolve) => {
        const look = () => {
          const found = events.find(fits)
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    leave: () => sent.destroy()
  }
}

function splitOnce(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trimStart()]
}
