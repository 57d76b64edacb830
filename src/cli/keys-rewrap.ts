import type { Command } from './command.ts'
import { withKeys } from './with-keys.ts'

export const keysRewrap: Command = {
  name: 'keys rewrap',
  summary: 'Seal the keys that are sealed under an older root secret anew under the newest, as each start does.',
  flags: {},
  async run({ print }) {
    await withKeys(async ({ keeper }) => {
      const rewrapped = await keeper.rewrap()
      const count = rewrapped === 1 ? '1 key was' : `${rewrapped === 0 ? 'No' : rewrapped} keys were`
      print(`${count} sealed anew; the newest root secret opens all of them.`, { rewrapped })
    })
  }
}
