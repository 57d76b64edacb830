import { clientShape } from '../http/client-shape.ts'
import { COMMAND_LINE } from './act.ts'
import { CommandFailed, type Command } from './command.ts'
import { withClients } from './with-clients.ts'

export const clientDisable: Command = {
  name: 'client disable',
  summary: 'Disable a client: it gets no tokens, and those that it has are refused at once.',
  takes: ['ID'],
  flags: {},
  async run({ given, print }) {
    const id = given('ID')
    await withClients(async (_clients, changes) => {
      const client = await changes.change(id, { disabled: true }, COMMAND_LINE)
      if (client === null) throw new CommandFailed(`There is no client ${id}.`)
      print(`The client ${client.name} is disabled.`, clientShape(client))
    })
  }
}
