import { v7 as uuidv7 } from 'uuid'
import { createUserRepository } from '../db/users.ts'
import { parseEmail } from '../domain/email.ts'
import { createPasswordHasher } from '../domain/password-hash.ts'
import { createPasswordPolicy } from '../domain/password-policy.ts'
import { ADMIN } from '../domain/permissions.ts'
import { COMMAND_LINE } from './act.ts'
import { CommandFailed, type Command } from './command.ts'
import { readSecret } from './read-secret.ts'
import { withDatabase } from './with-database.ts'

export const adminCreate: Command = {
  name: 'admin create',
  summary: 'Make an account with the role admin. The password is asked for, or read from standard input or a file.',
  flags: { email: { takes: 'E', required: true }, 'password-file': { takes: 'PATH' } },
  async run({ flag, print, terminal }) {
    const address = parseEmail(flag('email') ?? '')
    if ('wrong' in address) throw new CommandFailed(`--email ${address.wrong}.`)
    const password = await readSecret(terminal, 'Password: ', flag('password-file'))
    await withDatabase(async (database, config) => {
      await createPasswordPolicy({ minLength: config.passwordMinLength }).refuseWeak(password, {
        email: address.email,
        pointer: '/password'
      })
      const passwordHash = await createPasswordHasher(config.argon2).hash(password)
      const user = { ...address, id: uuidv7(), displayName: null, passwordHash, roles: [ADMIN] }
      const made = await createUserRepository(database).create(user, 'user.created', COMMAND_LINE)
      if (made === null) throw new CommandFailed('The address belongs to an account already. It is not promoted.')
      print(`${made.email} is an administrator. Its id is ${made.id}.`, {
        id: made.id,
        email: made.email,
        roles: made.roles
      })
    })
  }
}
