import { keyShape } from '../http/key-shape.ts'
import type { Command } from './command.ts'
import { withKeys } from './with-keys.ts'

export const keysList: Command = {
  name: 'keys list',
  summary: 'List the signing keys, the newest first, and what each is for now.',
  flags: {},
  async run({ print }) {
    await withKeys(async ({ list }) => {
      const items = (await list()).map(keyShape)
      const lines = items.map(
        ({ kid, algorithm, state, signs_from: from, verifies_until: until }) =>
          `${kid}  ${algorithm.padEnd(5)}  ${state.padEnd(7)}  ${from === null ? 'signs nothing yet' : `signs from ${from}`}` +
          (until === null ? '' : `, destroyed after ${until}`)
      )
      print(lines.length === 0 ? 'There are no keys yet: the first start makes them.' : lines.join('\n'), { items })
    })
  }
}
