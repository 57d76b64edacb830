import { connect, type Socket } from 'node:net'
import { createClientReader, createFramer } from './protocol.ts'

/** What is wrong with a link; `all` and `existing` are about connections. */
export type LinkFault =
  | { readonly kind: 'pass' }
  /** Every connection ends now, and new ones are refused or not. */
  | { readonly kind: 'cut'; readonly then: 'refuse' | 'accept' }
  /** Connections stay open and nothing comes through, either way; new ones are taken and lead nowhere, or are good. */
  | { readonly kind: 'half-open'; readonly which: 'all' | 'existing' }
  /** What the server says comes so much later, in order. */
  | { readonly kind: 'late'; readonly milliseconds: number }
  /** Where a client listens, it hears nothing any more; its other connections are good. */
  | { readonly kind: 'deaf' }
  /** Of the statements that change data each so many-th is lost with its connection, or its answer is. */
  | { readonly kind: 'cut-before' | 'cut-after'; readonly oneIn: number }

/** One connection of a client, and the one to the server that stands for it. */
export interface Relay {
  /** Nothing comes through any more, whatever becomes of the link: bytes were lost, and only the client can give up. */
  silence(): void
  /** The same for a connection that listens, towards the client. */
  deafen(): void
  cut(): void
}

/** What a relay asks of its link. */
export interface Surroundings {
  readonly fault: () => LinkFault
  /** Whether it is the turn of this statement, where only some are hit. */
  readonly due: (oneIn: number) => boolean
  /** Told whenever the fault has shown. */
  readonly strike: () => void
}

export function createRelay(client: Socket, upstreamPort: number, { fault, due, strike }: Surroundings): Relay {
  const server = connect({ port: upstreamPort, host: '127.0.0.1', noDelay: true })
  const readClient = createClientReader()
  const frameServer = createFramer(true)
  const late = createLateness(client)
  let silent = false
  let listening = false
  let deaf = false
  /** Times that the client asked for ReadyForQuery, and times that it was said; the first time is for nothing asked. */
  let asked = 0
  let answered = -1
  /** Which answer is swallowed, and the connection cut then. */
  let lastAnswer: number | null = null

  const deafen = () => {
    if (!listening) return
    deaf = true
    strike()
  }
  const cut = () => {
    client.destroy()
    server.destroy()
  }
  client.on('error', () => undefined).on('close', () => server.destroy())
  server
    .on('error', () => undefined)
    .on('close', () => {
      if (!silent && !deaf) late.end()
    })

  client.on('data', (chunk: Buffer) => {
    if (silent) return
    const now = fault()
    const through: Buffer[] = []
    for (const message of readClient(chunk)) {
      if (message.listens) {
        listening = true
        if (now.kind === 'deaf') deafen()
      }
      if (message.modifies && lastAnswer === null) {
        if (now.kind === 'cut-before' && due(now.oneIn)) {
          strike()
          cut()
          return
        }
        if (now.kind === 'cut-after' && due(now.oneIn)) lastAnswer = asked + 1
      }
      if (message.asks) asked++
      through.push(message.bytes)
    }
    server.write(Buffer.concat(through))
  })

  server.on('data', (chunk: Buffer) => {
    if (silent || deaf) return
    const now = fault()
    const through: Buffer[] = []
    let isOver = false
    for (const { type, bytes } of frameServer(chunk)) {
      const swallowed = answered + 1 === lastAnswer
      if (type === 'Z') answered++
      if (!swallowed) through.push(bytes)
      isOver = swallowed && type === 'Z'
      // What comes behind would be taken for the answer that is missing.
      if (isOver) break
    }
    if (now.kind === 'late') strike()
    if (through.length > 0) late.write(Buffer.concat(through), now.kind === 'late' ? now.milliseconds : 0)
    if (isOver) {
      strike()
      late.end()
      server.destroy()
    }
  })

  const silence = () => {
    silent = true
    strike()
  }
  return { silence, deafen, cut }
}

/** A connection that leads nowhere from the beginning. */
export function createVoid(client: Socket): Relay {
  client.on('error', () => undefined).resume()
  return { silence: () => undefined, deafen: () => undefined, cut: () => client.destroy() }
}

/** Writes later and in order, also when what comes next is not to be late any more. */
function createLateness(socket: Socket) {
  const waiting: { readonly due: number; readonly chunk: Buffer | null }[] = []
  const deliver = () => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const early = next.due - performance.now()
      if (early > 0) {
        setTimeout(deliver, Math.ceil(early))
        return
      }
      waiting.shift()
      if (next.chunk === null) socket.destroySoon()
      else socket.write(next.chunk)
    }
  }
  const add = (chunk: Buffer | null, milliseconds: number) => {
    const due = Math.max(performance.now() + milliseconds, waiting.at(-1)?.due ?? 0)
    waiting.push({ due, chunk })
    if (waiting.length === 1) deliver()
  }
  return {
    write: (chunk: Buffer, milliseconds: number) => add(chunk, milliseconds),
    end: () => add(null, 0)
  }
}
