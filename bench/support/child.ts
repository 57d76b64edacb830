import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HOOKS = fileURLToPath(new URL('../../test/support/ts.mjs', import.meta.url))

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>
  /** The core that it is kept to, where the system can do that; any where it is left out. */
  readonly core?: number
  /** Where its standard output goes; `pipe` is read and thrown away. */
  readonly output?: 'ignore' | 'pipe'
  /** Of Node. */
  readonly flags?: readonly string[]
}

/** A process of the benchmark's, that answers one question at a time. It does not outlive this one. */
export interface Child {
  readonly process: ChildProcess
  ask<Reply>(question: unknown): Promise<Reply>
  stop(): Promise<void>
}

const living = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

const canPin = process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0

/** Starts `file` of bench/ as a process. Its environment is what is given and the path alone: no setting comes from outside. */
export function startChild(file: string, { env = {}, core, output = 'ignore', flags = [] }: ChildOptions = {}): Child {
  const command = [process.execPath, ...flags, '--import', HOOKS, join(import.meta.dirname, '..', file)]
  const [program = '', ...args] =
    canPin && core !== undefined ? ['taskset', '--cpu-list', String(core), ...command] : command
  const stdio: StdioOptions = ['ignore', output, 'inherit', 'ipc']
  const child = spawn(program, args, {
    stdio,
    env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], NODE_ENV: 'production', ...env },
    serialization: 'advanced'
  })
  child.stdout?.resume()
  living.add(child)
  const gone = once(child, 'exit').then(() => living.delete(child))

  return {
    process: child,
    async ask<Reply>(question: unknown) {
      child.send(question as object)
      const [reply] = (await Promise.race([
        once(child, 'message'),
        gone.then(() => [{ error: `${file} has ended (${child.exitCode ?? child.signalCode}).` }])
      ])) as [{ readonly result?: Reply; readonly error?: string }]
      if (reply.error !== undefined) throw new Error(reply.error)
      return reply.result as Reply
    },
    async stop() {
      child.kill('SIGTERM')
      await gone
    }
  }
}
