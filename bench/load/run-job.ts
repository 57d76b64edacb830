import { Connection } from './connection.ts'
import type { Exchange, Job, Outcome } from './exchange.ts'

const WITHIN_MILLISECONDS = 120_000
const TICK_MILLISECONDS = 2

/** Carries a job out. @throws Error at the first answer that is not right, or where they have not all come in time */
export async function runJob(job: Job, exchanges: readonly Exchange[]): Promise<Outcome> {
  const { count, within = WITHIN_MILLISECONDS } = job
  const connections: Connection[] = []
  const latencies = new Map<number, number[]>()
  let timer: NodeJS.Timeout | undefined
  let ticking: NodeJS.Timeout | undefined
  let spinning: NodeJS.Immediate | undefined
  // Asleep, this process would have to be woken by the server, which pays for that: the more, the slower it is.
  const stayAwake = () => (spinning = setImmediate(stayAwake))
  try {
    const start = performance.now()
    let answered = 0
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => {
        if (job.patient === true) resolve()
        else reject(new Error(`${answered} of ${count} answers have come in ${within} ms.`))
      }, within)
      let sent = 0
      const exchangeAt = (number: number): Exchange => {
        const exchange = exchanges[((job.from ?? 0) + number) % exchanges.length]
        if (exchange === undefined) throw new Error(`The set ${job.set} is empty.`)
        return exchange
      }
      const open = () => {
        const connection = new Connection(job.port, reject)
        connections.push(connection)
        return connection
      }
      const send = (connection: Connection, due: number, then: () => void) => {
        connection.send(exchangeAt(sent++), (status) => {
          const took = performance.now() - due
          const ofStatus = latencies.get(status)
          if (ofStatus === undefined) latencies.set(status, [took])
          else ofStatus.push(took)
          if (++answered === count) resolve()
          else then()
        })
      }

      if (job.perSecond === undefined) {
        const goOn = (connection: Connection) => {
          if (sent >= count) return
          const next = connection.free ? connection : open()
          send(next, performance.now(), () => goOn(next))
        }
        for (let each = 0; each < job.atOnce; each += 1) goOn(open())
        if (job.sleeps !== true) stayAwake()
        return
      }
      const between = 1000 / job.perSecond
      ticking = setInterval(() => {
        for (let due = start + sent * between; sent < count && due <= performance.now(); due = start + sent * between) {
          const connection = connections.find(({ free }) => free) ?? (connections.length < job.atOnce ? open() : null)
          // One that finds no connection waits, and its time counts from when it was due.
          if (connection === null) return
          send(connection, due, () => undefined)
        }
      }, TICK_MILLISECONDS)
    })
    return {
      milliseconds: performance.now() - start,
      latencies: new Map([...latencies].map(([status, times]) => [status, Float64Array.from(times)])),
      unanswered: count - answered
    }
  } finally {
    clearTimeout(timer)
    clearInterval(ticking)
    clearImmediate(spinning)
    for (const connection of connections) connection.close()
  }
}
