import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that live typed arrays hold. What was collected is given back a moment later, on another thread. */
export async function bytesOfArrays(): Promise<number> {
  let least = Infinity
  for (let round = 0; round < 5; round += 1) {
    collect()
    await sleep(5)
    least = Math.min(least, process.memoryUsage().arrayBuffers)
  }
  return least
}

/** Bytes of heap that one call of `work` takes at least, in several tries after it has been compiled. */
export function bytesMadeBy(work: () => void): number {
  for (let round = 0; round < 20; round += 1) work()
  const made = Array.from({ length: 10 }, () => {
    const before = process.memoryUsage().heapUsed
    work()
    return process.memoryUsage().heapUsed - before
  })
  // A collection in between makes it negative.
  return Math.min(...made.filter((bytes) => bytes >= 0))
}
