import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/free-port.ts'

const PROGRAM = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
export const ADMIN = { email: 'root@example.com', password: 'the passphrase of an administrator' }
const POLLS = 600

export interface RunningService {
  readonly origin: string
  /** Stops it as an operator would. Rejects unless it leaves with 0. */
  stop(): Promise<void>
}

/** The built service, as its users start it, with a database in memory; works in `folder`. */
export async function startService(folder: string): Promise<RunningService> {
  if (!existsSync(PROGRAM)) throw new Error('The service is not built. Run: npm run build')
  const port = await freePort()
  const child = spawn(process.execPath, [PROGRAM, 'serve'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: String(port),
      DATABASE_URL: 'pglite:memory:',
      LATCHKEY_SECRET: randomBytes(32).toString('hex'),
      LOG_LEVEL: 'warn',
      BOOTSTRAP_ADMIN_EMAIL: ADMIN.email,
      BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password
    }
  })
  process.once('exit', () => child.kill())
  let said = ''
  const listen = (chunk: Buffer) => (said += chunk.toString())
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))

  const origin = `http://127.0.0.1:${port}`
  for (let poll = 0; !(await isReady(origin)); poll++) {
    if (child.exitCode !== null || poll === POLLS) {
      child.kill()
      throw new Error(`The service did not become ready (exit ${String(child.exitCode)}). It said:\n${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    origin,
    async stop() {
      child.kill('SIGTERM')
      const code = await exit
      if (code !== 0) throw new Error(`The service left with ${String(code)}. It said:\n${said}`)
    }
  }
}

async function isReady(origin: string): Promise<boolean> {
  return fetch(`${origin}/health/ready`).then(
    (answer) => answer.ok,
    () => false
  )
}
