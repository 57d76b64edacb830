import { readFileSync } from 'node:fs'
import t from 'tap'
import { accessText } from '../support/access-text.ts'
import { startApp } from '../support/app.ts'

t.test(
  'who may call what is what has been reviewed (npm run routes -- --write, and review the difference)',
  async (t) => {
    const { app } = await startApp(t)
    const reviewed = readFileSync(new URL('../../access-table.txt', import.meta.url), 'utf8')
    t.equal(accessText(app), reviewed)
  }
)
