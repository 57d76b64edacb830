import { COMMAND_LINE } from './act.ts'
import { keyShape } from '../http/key-shape.ts'
import type { Command } from './command.ts'
import { withKeys } from './with-keys.ts'

export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'Let the next signing key take over now. Nobody is signed out.',
  flags: {},
  async run({ print }) {
    await withKeys(async ({ keeper }) => {
      const key = await keeper.rotate(COMMAND_LINE)
      print(`${key.kid} is the current key. Its algorithm is ${key.algorithm}.`, keyShape(key))
    })
  }
}
