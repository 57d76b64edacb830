import { performance } from 'node:perf_hooks'

/** What a process has used since it was asked last. */
export interface Usage {
  /** Milliseconds of processor time, of all threads. */
  readonly processor: number
  /** The share of time in which the event loop was busy. */
  readonly busy: number
  /** Bytes that the system holds for it now. */
  readonly resident: number
}

export interface Question {
  readonly about: string
  readonly count?: number
}

type Answers = Readonly<Record<string, (count: number) => unknown>>

/** Answers the process that started this one. Every server tells what it uses; what else is asked is its own. */
export function answerQuestions(answers: Answers): void {
  let processor = process.cpuUsage()
  let loop = performance.eventLoopUtilization()
  const all: Answers = {
    ...answers,
    usage(): Usage {
      const used = process.cpuUsage(processor)
      const { utilization } = performance.eventLoopUtilization(loop)
      processor = process.cpuUsage()
      loop = performance.eventLoopUtilization()
      return { processor: (used.user + used.system) / 1000, busy: utilization, resident: process.memoryUsage.rss() }
    }
  }
  process.on('message', ({ about, count = 1 }: Question) => {
    Promise.resolve()
      .then(() => {
        const answer = all[about]
        if (answer === undefined) throw new Error(`This server cannot tell: ${about}`)
        return answer(count)
      })
      .then(
        (result) => process.send?.({ result }),
        (error: unknown) =>
          process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      )
  })
  process.on('disconnect', () => process.exit())
}
