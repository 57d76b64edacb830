import { writeFileSync } from 'node:fs'
import { buildApp } from '../../src/app.ts'
import { testConfig } from './app.ts'

/** `npm run routes` prints the access table; `npm run routes -- --write` puts it into the reviewed file. */
const app = await buildApp(testConfig('pglite:memory:'))
const table = `${app.accessTable.map(({ method, url, guard }) => `${method.padEnd(9)} ${url.padEnd(40)} ${guard}`).join('\n')}\n`
await app.close()
process.stdout.write(table)
if (process.argv.includes('--write')) writeFileSync('access-table.txt', table)
