import { accessSync, constants, existsSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MEMORY = '/dev/shm'
const ROOM = 2 ** 31

/**
 * Where the tests' databases lie. A database is a thousand small files, and each test has its own: in memory they are
 * made ten times as fast as on a disk. A container gives its memory folder little room; there, the temporary folder.
 */
export function scratch(): string {
  try {
    accessSync(MEMORY, constants.W_OK)
    const { bavail, bsize } = statfsSync(MEMORY)
    return bavail * bsize > ROOM ? MEMORY : tmpdir()
  } catch {
    return tmpdir()
  }
}

/** The same for what must lie within the project, where Node finds its packages. */
export const SCRATCH_WITHIN = fileURLToPath(new URL('../../.tap', import.meta.url))

const PREFIX = 'latchkey-test-'

/** What a folder of this process is to be called, up to the random letters at its end. */
export const scratchPrefix = (where = scratch()) => join(where, `${PREFIX}${process.pid}-`)

/** Removes the folders of processes that were killed before they could do so themselves. */
export function sweepScratch(): void {
  for (const where of [scratch(), SCRATCH_WITHIN].filter((path) => existsSync(path))) {
    for (const name of readdirSync(where)) {
      const pid = name.startsWith(PREFIX) ? Number(name.slice(PREFIX.length).split('-')[0]) : Number.NaN
      if (!Number.isInteger(pid) || isRunning(pid)) continue
      try {
        rmSync(join(where, name), { recursive: true, force: true })
      } catch {
        // Somebody else's folder is for them to remove.
      }
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Somebody else's process is one too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
