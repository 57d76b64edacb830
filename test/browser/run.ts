// npm run test:browser: the documentation page of the built service in headless Chromium.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAttempts } from '../support/attempts.ts'
import { startChromium } from './chromium.ts'
import { docsJourney } from './journey.ts'
import { startService } from './service.ts'

const { attempt, close } = createAttempts()

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
close()
