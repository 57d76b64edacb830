import { Readable } from 'node:stream'

/** One event (HTML Living Standard, section 9.2.6). `data` becomes one line of JSON. */
export interface StreamEvent {
  readonly event: string
  readonly data: object
  /** Where a client goes on that has seen the event; left out where it could not. */
  readonly id?: string | undefined
}

/** What a reader may be behind by, in bytes, before it is cut off. */
const MOST_WAITING = 1024 * 1024
/** Events that are made at once of those that a stream begins with. */
const PART = 200

/**
 * A stream of server-sent events. Those that it begins with are made as they are taken, and those that happen meanwhile go in
 * between; so no reader holds more than MOST_WAITING here. One that is slower is cut off, and comes again.
 */
export class EventStream extends Readable {
  readonly #beginning: Iterator<StreamEvent>
  readonly #onBegun: () => void
  #begun = false
  #over = false

  /** @param onBegun is called once, when all of the beginning has been given */
  constructor(beginning: Iterable<StreamEvent>, onBegun: () => void) {
    super()
    this.#beginning = beginning[Symbol.iterator]()
    this.#onBegun = onBegun
  }

  override _read(): void {
    if (this.#begun || this.#over) return
    let part = ''
    for (let made = 0; made < PART; made++) {
      const next = this.#beginning.next()
      if (next.done === true) {
        this.#begun = true
        break
      }
      part += written(next.value)
    }
    if (part !== '') this.push(part)
    if (this.#begun) this.#onBegun()
  }

  send(event: StreamEvent): void {
    this.#add(written(event))
  }

  /** Keeps the connection from looking dead to whatever lies between. */
  sendNothing(): void {
    this.#add(':\n\n')
  }

  /** Ends the stream after what was sent. */
  end(): void {
    if (this.destroyed || this.#over) return
    this.#over = true
    this.push(null)
  }

  #add(text: string): void {
    if (this.destroyed || this.#over) return
    if (this.readableLength > MOST_WAITING) this.destroy(new Error('The reader of the stream is too slow.'))
    else this.push(text)
  }
}

const written = ({ event, data, id }: StreamEvent): string =>
  `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
