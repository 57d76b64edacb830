import type { ClientWithSecrets } from '../domain/records.ts'
import { clientShape } from '../http/client-shape.ts'
import type { Command } from './command.ts'
import { withClients } from './with-clients.ts'

const AT_ONCE = 100

export const clientList: Command = {
  name: 'client list',
  summary: 'List the clients, in the order in which they were made.',
  flags: {},
  async run({ print }) {
    await withClients(async (clients) => {
      const all: ClientWithSecrets[] = []
      for (let page = await clients.list({ limit: AT_ONCE }); page.length > 0;) {
        all.push(...page)
        page = await clients.list({ limit: AT_ONCE, after: page.at(-1)?.id })
      }
      const lines = all.map(
        ({ id, name, permissions, secrets, disabledAt }) =>
          `${id}  ${name}  ${permissions.join(',') || 'no permissions'}  ${secrets.length} secrets` +
          (disabledAt === null ? '' : '  disabled')
      )
      print(lines.length === 0 ? 'There are no clients yet.' : lines.join('\n'), { items: all.map(clientShape) })
    })
  }
}
