import { COMMAND_LINE } from './act.ts'
import { CommandFailed, type Command } from './command.ts'
import { withKeys } from './with-keys.ts'

export const keysRevoke: Command = {
  name: 'keys revoke',
  summary: 'Revoke a signing key that was compromised: every access token that it signed is refused at once.',
  takes: ['KID'],
  flags: {},
  async run({ given, print }) {
    await withKeys(async ({ keeper }) => {
      const kid = given('KID')
      if (!(await keeper.revoke(kid, COMMAND_LINE))) throw new CommandFailed(`There is no signing key ${kid}.`)
      print(`${kid} is revoked.`, { kid, state: 'revoked' })
    })
  }
}
