import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { CHEAP } from './app.ts'
import { programBundle } from './bundles.ts'
import type { Test } from './database.ts'
import { UNOPTIMISED } from './unoptimised.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Settings as the environment has them; undefined leaves one out that tests have otherwise. */
type Settings = Readonly<Record<string, string | undefined>>

/** A real process that serves. */
export interface Instance {
  readonly url: string
  readonly process: ChildProcess
  /** Sends a signal and waits until the process has ended; gives its exit code, null after a signal. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** What a process said before it ended, which it did by itself. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function command(args: readonly string[], settings: Settings): Promise<ChildProcess> {
  const kept = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => ['PATH', 'HOME', 'TMPDIR'].includes(name))
  )
  return spawn(process.execPath, [...UNOPTIMISED, await programBundle(), ...args], {
    cwd: root,
    env: { ...kept, ...CHEAP, LOG_LEVEL: 'info', HOST: '127.0.0.1', PORT: '0', ...settings },
    stdio: ['pipe', 'pipe', 'pipe']
  })
}

/** The longest that a command may take: to make an embedded database on a busy machine is the longest of all. */
const MOST_MILLISECONDS = 60_000

/** Runs `latchkey` to its end; the exit code is null where it did not come to one. */
export async function run(args: readonly string[], settings: Settings, stdin = ''): Promise<Ended> {
  const child = await command(args, settings)
  // What was to refuse and serves instead must not outlive the test.
  const late = setTimeout(() => child.kill('SIGKILL'), MOST_MILLISECONDS)
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
  child.stdin?.end(stdin)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(late)
  return { code, ...output }
}

/** Starts an instance and waits until it listens. It does not outlive the test. */
export async function startInstance(t: Test, settings: Settings): Promise<Instance> {
  const child = await command(['serve'], settings)
  const ended = once(child, 'close') as Promise<[number | null]>
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    return (await ended)[0]
  }
  t.teardown(() => end('SIGKILL'))
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const found = /Server listening at (http:[^"]+)/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('close', () => {
      reject(new Error(`The instance ended before it listened: ${said}`))
    })
  })
  return { url, process: child, end }
}

/** An answer of an instance. */
export interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Sends a request to an instance; `body` as JSON. */
export async function call(
  instance: Instance,
  method: string,
  path: string,
  body?: unknown,
  token?: string
): Promise<Reply> {
  const response = await fetch(`${instance.url}${path}`, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` })
    },
    ...(body !== undefined && { body: JSON.stringify(body) })
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}

/** The tokens of a sign-in with delivery `body`. */
export async function enter(
  instance: Instance,
  email: string,
  password: string
): Promise<{ id: string; access: string; refresh: string }> {
  const { status, body } = await call(instance, 'POST', '/api/v1/auth/login', { email, password, delivery: 'body' })
  if (status !== 200) throw new Error(`login of ${email}: ${status} ${String(body['code'])}`)
  const { id } = body['user'] as { readonly id: string }
  return { id, access: String(body['access_token']), refresh: String(body['refresh_token']) }
}
