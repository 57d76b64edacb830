import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from '../support/database.ts'
import { call, startInstance, type Instance, type Reply } from '../support/instance.ts'

type Settings = Readonly<Record<string, string>>

/** Instances behind what a balancer does: one that is about to stop is sent nothing new. */
export interface Fleet {
  /** Those that are sent requests. */
  readonly up: readonly Member[]
  /** Any one of them. */
  any(): Member
  /** Stops one after the other, once it has answered everything, and starts it with these settings. */
  roll(settings: Settings): Promise<void>
}

export interface Member {
  call(method: string, path: string, body?: unknown, token?: string): Promise<Reply>
  fetch(path: string): Promise<Response>
}

interface Running extends Member {
  readonly instance: Instance
  pending: number
}

export async function startFleet(t: Test, size: number, settings: Settings): Promise<Fleet> {
  const up: Running[] = []
  let turn = 0

  async function join(more: Settings) {
    const instance = await startInstance(t, more)
    const counted = async <T>(work: Promise<T>): Promise<T> => {
      running.pending += 1
      try {
        return await work
      } finally {
        running.pending -= 1
      }
    }
    const running: Running = {
      instance,
      pending: 0,
      call: (...request) => counted(call(instance, ...request)),
      fetch: (path) => counted(fetch(`${instance.url}${path}`))
    }
    up.push(running)
  }
  for (let n = 0; n < size; n++) await join(settings)

  return {
    up,
    any() {
      const member = up[turn++ % up.length]
      if (member === undefined) throw new Error('Nobody is up.')
      return member
    },
    async roll(more) {
      for (let n = 0; n < size; n++) {
        const leaving = up.shift()
        if (leaving === undefined) throw new Error('Nobody is up.')
        while (leaving.pending > 0) await delay(5)
        const code = await leaving.instance.end('SIGTERM')
        if (code !== 0) throw new Error(`An instance ended with ${code}.`)
        await join(more)
      }
    }
  }
}
