import { MOST_SECRETS, newClientSecret } from '../domain/client-secret.ts'
import { COMMAND_LINE } from './act.ts'
import { CommandFailed, type Command } from './command.ts'
import { withClients } from './with-clients.ts'

export const clientRotateSecret: Command = {
  name: 'client rotate-secret',
  summary: 'Give a client another secret and print it, this once. The one before stays good; of two, the older goes.',
  takes: ['ID'],
  flags: {},
  async run({ given, print }) {
    const id = given('ID')
    await withClients(async (clients, changes) => {
      const client = await clients.find(id)
      const [older, ...others] = client?.secrets ?? []
      if (older !== undefined && others.length >= MOST_SECRETS - 1) {
        await changes.removeSecret(id, older.id, COMMAND_LINE)
      }
      const { secret, stored } = newClientSecret()
      const verdict = await clients.addSecret(id, stored, COMMAND_LINE)
      if (verdict === 'missing') throw new CommandFailed(`There is no client ${id}.`)
      if (verdict === 'too_many') throw new CommandFailed('Somebody else gave it a secret at the same time. Try again.')
      print(`The new secret, which is not shown again:\n${secret}`, { id: stored.id, client_secret: secret })
    })
  }
}
