import fp from 'fastify-plugin'
import { sweep } from '../src/db/housekeeping.ts'

export interface HousekeepingOptions {
  readonly auditRetentionSeconds: number
}

const EVERY_MILLISECONDS = 60_000

/** Removes what no longer matters, a little each minute. Every instance does; rows that another one holds are left to it. */
export default fp(
  (app, { auditRetentionSeconds }: HousekeepingOptions) => {
    let sweeping: Promise<void> = Promise.resolve()
    const timer = setInterval(() => {
      sweeping = sweep(app.database, auditRetentionSeconds).catch((error: unknown) => {
        app.log.warn({ err: error }, 'What is over could not be removed.')
      })
    }, EVERY_MILLISECONDS).unref()
    app.addHook('onClose', async () => {
      clearInterval(timer)
      await sweeping
    })
    return Promise.resolve()
  },
  { name: 'housekeeping', fastify: '5.x', dependencies: ['database'] }
)
