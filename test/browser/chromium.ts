import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Starts the browser that is installed; installs none. */
export async function startChromium(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM_BIN'] ?? findOnPath()
  if (executablePath === null) {
    throw new Error(
      'No Chromium was found. Install one (Debian: apt-get install -y chromium; macOS: brew install --cask chromium), ' +
        `so that one of ${NAMES.join(', ')} is on the PATH, or name its program in CHROMIUM_BIN.`
    )
  }
  return chromium.launch({
    executablePath,
    // No sandbox: containers of build services allow none. The page is our own.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run'
    ]
  })
}

function findOnPath(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const programs = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  return programs.find(isExecutable) ?? null
}

function isExecutable(program: string): boolean {
  try {
    accessSync(program, constants.X_OK)
    return true
  } catch {
    return false
  }
}
