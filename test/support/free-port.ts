import { once } from 'node:events'
import { createServer } from 'node:net'

/** A port of 127.0.0.1 that nobody listens on, and that whoever goes and comes back finds free again. */
export async function freePort(): Promise<number> {
  // Below the ports that Linux lends to outgoing connections, one of which could take it while the server is down.
  const port = 20_000 + Math.floor(Math.random() * 12_000)
  const listener = createServer()
  try {
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
    return port
  } catch {
    return await freePort()
  } finally {
    listener.close()
  }
}
