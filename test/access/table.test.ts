import { readFileSync } from 'node:fs'
import t from 'tap'
import { accessText } from '../support/access-text.ts'
import { startApp, type Settings } from '../support/app.ts'

const reviewed = readFileSync(new URL('../../access-table.txt', import.meta.url), 'utf8')

t.test(
  'who may call what is what has been reviewed (npm run routes -- --write, and review the difference)',
  async (t) => {
    const { app } = await startApp(t)
    t.equal(accessText(app), reviewed)
    t.notMatch(reviewed, / none$/m, 'no route is without a guard')
  }
)

t.test(
  'no setting changes who may call what: it only takes routes away, or adds one for preflight requests',
  async (t) => {
    const withoutDocs = reviewed.replace(/^.* \/docs.*\n/gm, '')
    const preflight = `OPTIONS   ${'*'.padEnd(40)} anyone\n`
    const settings: readonly (readonly [Settings, string])[] = [
      [{ DOCS: 'off' }, withoutDocs],
      [{ DOCS: 'off', CORS_ORIGINS: 'https://app.example.com' }, preflight + withoutDocs],
      [
        {
          DOCS: 'off',
          REGISTRATION: 'closed',
          RATE_LIMIT: 'off',
          TRUST_PROXY: 'on',
          METRICS_PUBLIC: 'on',
          LOG_LEVEL: 'silent'
        },
        withoutDocs
      ]
    ]
    for (const [setting, table] of settings) {
      const { app } = await startApp(t, setting)
      t.equal(accessText(app), table, JSON.stringify(setting))
    }
  }
)
