import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { freePort } from '../support/free-port.ts'
import { createRelay, createVoid, type LinkFault, type Relay } from './relay.ts'

export type { LinkFault } from './relay.ts'

/** The link between one client and PostgreSQL, which can go wrong. */
export interface Link {
  readonly port: number
  /** From now on this is wrong with it, and what was is not; connections that bytes were lost on do not come back. */
  suffer(fault: LinkFault): Promise<void>
  /** New connections lead to another server. */
  switchTo(upstreamPort: number): void
  /** Connections that a client holds open. */
  readonly connections: number
  /** How often its faults have shown, so far. */
  readonly strikes: number
  close(): Promise<void>
}

/** Opens a link to a server on 127.0.0.1. It does not keep the process alive. */
export async function openLink(upstreamPort: number): Promise<Link> {
  const port = await freePort()
  const relays = new Set<Relay>()
  let upstream = upstreamPort
  let fault: LinkFault = { kind: 'pass' }
  let statements = 0
  let strikes = 0
  const surroundings = {
    fault: () => fault,
    due: (oneIn: number) => statements++ % oneIn === 0,
    strike: () => {
      strikes++
    }
  }

  const accept = (client: Socket) => {
    client.setNoDelay(true)
    const leadsNowhere = fault.kind === 'half-open' && fault.which === 'all'
    const relay = leadsNowhere ? createVoid(client) : createRelay(client, upstream, surroundings)
    relays.add(relay)
    client.once('close', () => relays.delete(relay))
  }
  const listener = createServer(accept).unref()
  const listen = async () => {
    if (listener.listening) return
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
  }
  await listen()

  return {
    port,
    async suffer(next) {
      fault = next
      // Nobody listens where a connection is refused. Those that are open do not keep the listener from going at once.
      if (next.kind === 'cut' && next.then === 'refuse') listener.close()
      else await listen()
      for (const relay of relays) {
        if (next.kind === 'cut') {
          strikes++
          relay.cut()
        }
        if (next.kind === 'half-open') relay.silence()
        if (next.kind === 'deaf') relay.deafen()
      }
    },
    switchTo(port) {
      upstream = port
    },
    get connections() {
      return relays.size
    },
    get strikes() {
      return strikes
    },
    async close() {
      for (const relay of relays) relay.cut()
      if (listener.listening) listener.close()
    }
  }
}
