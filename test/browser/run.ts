// npm run test:browser: the documentation page of the built service in headless Chromium.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChromium } from './chromium.ts'
import { docsJourney } from './journey.ts'
import { startService } from './service.ts'

let passed = 0
let failed = 0

async function attempt(name: string, run: () => Promise<void>): Promise<void> {
  try {
    await run()
    passed++
    console.log(`ok - ${name}`)
  } catch (error) {
    failed++
    console.log(`not ok - ${name}\n${String(error instanceof Error ? error.stack : error).replaceAll(/^/gm, '    ')}`)
  }
}

const folder = await mkdtemp(join(tmpdir(), 'latchkey-browser-'))
await attempt('Chromium and the service start, and the service leaves with 0', async () => {
  const browser = await startChromium()
  try {
    const service = await startService(folder)
    try {
      for (const { name, run } of await docsJourney(browser, service.origin, folder)) await attempt(name, run)
    } finally {
      await service.stop()
    }
  } finally {
    await browser.close()
  }
})

console.log(`Pictures of the page: ${folder}`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
