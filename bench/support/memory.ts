import { setTimeout as sleep } from 'node:timers/promises'

export function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('Node has to run with --expose-gc.')
  globalThis.gc()
}

/**
 * Bytes of live objects and of what lies outside the heap for them. `external` counts the contents of typed arrays, so
 * `arrayBuffers`, which are a part of it, are not added. They are freed on another thread, which is waited for.
 */
export async function liveBytes(): Promise<number> {
  let last = Infinity
  for (;;) {
    for (let round = 0; round < 3; round += 1) {
      collectGarbage()
      await sleep(20)
    }
    const { heapUsed, external } = process.memoryUsage()
    if (heapUsed + external > last - 10_000) return heapUsed + external
    last = heapUsed + external
  }
}
