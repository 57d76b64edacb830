import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import type { Config } from './config.ts'

/** The longest that the last answers may take after SIGTERM, in milliseconds: longer than any request waits for anything. */
const DRAIN_MILLISECONDS = 30_000

/** Serves until a signal comes; then nothing new is accepted, what is in flight is answered, and the process ends with 0. */
export async function startServer(config: Config): Promise<void> {
  const app = await buildApp(config)
  closeWithGrace({ delay: DRAIN_MILLISECONDS, logger: app.log }, async ({ err }) => {
    if (err !== undefined) app.log.fatal({ err }, 'The process cannot go on.')
    await app.close()
  })
  const url = await app.listen({ host: config.host, port: config.port })
  if (config.docs) app.log.info(`The documentation is at ${url}/docs`)
  if (!(await app.users.hasAdmin())) {
    app.log.info(
      'There is no administrator yet. Stop the service and run: npx latchkey admin create --email you@example.com' +
        ' (or set BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD and start it again).'
    )
  }
}
