import { readFile } from 'node:fs/promises'
import { v7 as uuidv7 } from 'uuid'
import { faultOfClient, readPublicJwk } from '../domain/client-form.ts'
import { newClientSecret } from '../domain/client-secret.ts'
import { clientShape } from '../http/client-shape.ts'
import { COMMAND_LINE } from './act.ts'
import { CommandFailed, type Command } from './command.ts'
import { withClients } from './with-clients.ts'

export const clientCreate: Command = {
  name: 'client create',
  summary: 'Register a service that gets tokens for itself, and print its secret, this once.',
  flags: {
    name: { takes: 'N', required: true },
    permissions: { takes: 'a:b,c:d', required: true },
    audiences: { takes: 'A,B' },
    'public-jwk-file': { takes: 'PATH' }
  },
  async run({ flag, print }) {
    const name = flag('name') ?? ''
    const [permissions, audiences] = [listOf(flag('permissions')).sort(), listOf(flag('audiences'))]
    const fault = faultOfClient({ name, permissions, audiences })
    if (fault !== null) throw new CommandFailed(`The client's ${fault}.`)
    const key = readPublicJwk(await jwkIn(flag('public-jwk-file')))
    if ('wrong' in key) throw new CommandFailed(`The key in --public-jwk-file ${key.wrong}.`)
    await withClients(async (clients) => {
      const { secret, stored } = newClientSecret()
      const client = { id: uuidv7(), name, permissions, audiences, publicJwk: key.publicJwk }
      const made = await clients.create(client, stored, COMMAND_LINE)
      const text = `The client ${made.name} has the client_id ${made.id}. Its secret, which is not shown again:\n${secret}`
      print(text, { ...clientShape(made), client_secret: secret })
    })
  }
}

/** Each once, in the order given. */
const listOf = (text = '') => [...new Set(text.split(',').map((part) => part.trim()))].filter((part) => part !== '')

async function jwkIn(path: string | undefined): Promise<unknown> {
  if (path === undefined) return null
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    throw new CommandFailed(`The file ${path} cannot be read as JSON.`)
  }
}
