import { readConfig } from '../config.ts'
import { startServer } from '../server.ts'
import type { Command } from './command.ts'

export const serve: Command = {
  name: 'serve',
  summary: 'Serve until SIGTERM or SIGINT, then answer what is in flight and end.',
  flags: {},
  async run() {
    await startServer(readConfig())
  }
}
