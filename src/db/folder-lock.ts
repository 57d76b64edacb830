import { createHash } from 'node:crypto'
import { open, readFile, realpath, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { basename, dirname, join } from 'node:path'

export interface FolderLock {
  release(): Promise<void>
}

/** Another process has the database open. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse'
  readonly pid: number | null
  constructor(folder: string, pid: number | null) {
    super(`The database in ${folder} is in use by process ${pid ?? 'unknown'}. Stop it first.`)
    this.pid = pid
  }
}

/**
 * Keeps a second process out of a database folder: PGlite itself would let it in, and both would lose rows.
 * On Linux by an abstract socket, which the kernel frees however the process ends, and which tells who holds it;
 * elsewhere by a file with the process id, which is taken over when that process is gone. The kernel's name is one per
 * network namespace: containers that share a folder do not see each other.
 *
 * @throws FolderInUse
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const name = await realName(folder)
  return process.platform === 'linux' ? lockBySocket(name) : lockByFile(name)
}

/** One name for a folder by whatever links it is reached, also before it is made. */
async function realName(folder: string): Promise<string> {
  try {
    return await realpath(folder)
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error
    return join(await realpath(dirname(folder)), basename(folder))
  }
}

/** The holder answers between two statements; making a new database is the longest of them. */
const HOLDER_MILLISECONDS = 10_000

async function lockBySocket(folder: string): Promise<FolderLock> {
  const address = `\0latchkey-${createHash('sha256').update(folder).digest('hex')}`
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(String(process.pid))
  })
  try {
    await listening(server, address)
  } catch (error) {
    if (!isCode(error, 'EADDRINUSE')) throw error
    throw new FolderInUse(folder, await holderAt(address))
  }
  server.unref()
  return { release: () => new Promise((resolve) => server.close(() => resolve())) }
}

const listening = (server: Server, address: string) =>
  new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(address, resolve)
  })

const holderAt = (address: string) =>
  new Promise<number | null>((resolve) => {
    let text = ''
    const socket = connect(address)
    socket.setTimeout(HOLDER_MILLISECONDS, () => socket.destroy())
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(/^\d+$/.test(text) ? Number(text) : null))
  })

async function lockByFile(folder: string): Promise<FolderLock> {
  const path = `${folder}.pid`
  for (;;) {
    try {
      const file = await open(path, 'wx', 0o600)
      await file.writeFile(String(process.pid))
      await file.close()
      return { release: () => rm(path, { force: true }) }
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
      const pid = Number(await readFile(path, 'utf8').catch(() => '0'))
      if (pid > 0 && isAlive(pid)) throw new FolderInUse(folder, pid)
      await rm(path, { force: true })
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isCode(error, 'EPERM')
  }
}

const isCode = (error: unknown, code: string) => error instanceof Error && 'code' in error && error.code === code
