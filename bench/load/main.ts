// The process that the load comes from: takes sets of exchanges and jobs from its parent, one at a time.
import type { Exchange, Job } from './exchange.ts'
import { runJob } from './run-job.ts'

export type Order =
  | { readonly prepare: string; readonly exchanges: readonly Exchange[] }
  | { readonly run: Job }
  | { readonly forget: string }

const sets = new Map<string, readonly Exchange[]>()

async function carryOut(order: Order): Promise<unknown> {
  if ('prepare' in order) return void sets.set(order.prepare, order.exchanges)
  if ('forget' in order) return sets.delete(order.forget)
  return runJob(order.run, sets.get(order.run.set) ?? [])
}

process.on('message', (order: Order) => {
  carryOut(order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) })
  )
})
process.on('disconnect', () => process.exit())
