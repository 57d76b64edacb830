import { writeFileSync } from 'node:fs'
import { buildApp } from '../../src/app.ts'
import { accessText } from './access-text.ts'
import { testConfig } from './app.ts'

/** `npm run routes` prints the access table; `npm run routes -- --write` puts it into the reviewed file. */
const app = await buildApp(testConfig('pglite:memory:'))
const table = accessText(app)
await app.close()
process.stdout.write(table)
if (process.argv.includes('--write')) writeFileSync('access-table.txt', table)
