import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What postgres.js tells of where a connection goes: hosts and ports of the same length, or the path of a local socket. */
interface Target {
  readonly host: readonly string[]
  readonly port: readonly number[]
  readonly path: string | false
}

/** The connections of one pool, so that they can be given up. */
export interface Sockets {
  /** The option `socket` of postgres.js. */
  readonly socket: (target: Target) => Promise<Socket>
  /** Breaks those over which nothing has come for so long. What was being asked over them fails; others take their place. */
  readonly giveUpSilentFor: (milliseconds: number) => void
  /** Breaks all. */
  readonly giveUp: () => void
  /** Stops watching; the connections are left to their pool. */
  readonly close: () => void
}

const LOOK_EVERY_MILLISECONDS = 250
const TURN_MILLISECONDS = 100

/**
 * A link that went dead without a word (a firewall that forgot it, a machine that is gone) is noticed by nobody for a quarter
 * of an hour, and a pool would go on asking over it. The pool knows no way to leave a connection, so its sockets are kept here.
 */
export function createSockets(): Sockets {
  const heard = new Map<Socket, { bytes: number; at: number }>()
  let opened = 0

  const watching = setInterval(() => {
    for (const [socket, last] of heard) {
      // No listener for this: postgres.js removes all but its own when it starts TLS.
      if (socket.destroyed) heard.delete(socket)
      if (socket.bytesRead === last.bytes) continue
      last.bytes = socket.bytesRead
      last.at = performance.now()
    }
  }, LOOK_EVERY_MILLISECONDS).unref()

  return {
    async socket({ host, port, path }) {
      // Several hosts take turns: which of them is the primary is known only once it has been asked. postgres.js goes through
      // them without a pause, for ever.
      const turn = opened++ % host.length
      if (host.length > 1 && opened > host.length) await delay(TURN_MILLISECONDS)
      const place = { host: host[turn] ?? 'localhost', port: port[turn] ?? 5432 }
      const socket = typeof path === 'string' ? connect(path) : connect(place)
      heard.set(socket, { bytes: 0, at: performance.now() })
      // postgres.js takes the name that a certificate must be for from here.
      return Object.assign(socket, { host: place.host, port: place.port })
    },
    giveUpSilentFor(milliseconds) {
      const since = performance.now() - milliseconds
      for (const [socket, last] of heard) {
        if (last.at <= since && socket.bytesRead === last.bytes) socket.destroy()
      }
    },
    giveUp() {
      for (const socket of heard.keys()) socket.destroy()
      heard.clear()
    },
    close() {
      clearInterval(watching)
    }
  }
}
