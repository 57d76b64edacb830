import type { Command } from './command.ts'
import { withDatabase } from './with-database.ts'

export const migrate: Command = {
  name: 'migrate',
  summary: 'Bring the schema of the database up to date.',
  flags: {},
  async run({ print }) {
    await withDatabase(async () => {
      print('The schema is up to date.', { migrated: true })
    })
  }
}
