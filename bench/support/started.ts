import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../test/support/free-port.ts'
import { mustBe } from './suite.ts'

const ROOT = join(import.meta.dirname, '../..')
const ASK_EVERY_MILLISECONDS = 1
const WITHIN_MILLISECONDS = 60_000
const REQUESTS_BEFORE_REST = 10

/** What is started: `node` with these arguments, which takes its port from PORT. */
export interface Program {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** That it answers with 200 once it serves. */
  readonly path: string
  /** Null for one that SIGTERM kills. */
  readonly exitCode: number | null
}

export interface Start {
  /** From the call that starts the process to the end of the first answer of 200. */
  readonly milliseconds: number
  /** MiB, at rest: all that the system holds for the process. */
  readonly resident: number
  /** MiB, at rest: what is shared with other processes counted by halves, thirds and so on. */
  readonly proportional: number
}

/** Starts a program, asks it a few things, lets it rest, looks at its memory and ends it. Linux alone tells that memory. */
export async function measureStart({ args, env, path, exitCode }: Program, restSeconds: number): Promise<Start> {
  const port = await freePort()
  const begun = performance.now()
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], NODE_ENV: 'production', ...env, PORT: `${port}` },
    stdio: ['ignore', 'ignore', 'inherit']
  })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  const gone = once(child, 'exit') as Promise<[number | null]>
  try {
    while ((await statusOf(port, path)) !== 200) {
      if (child.exitCode !== null) throw new Error(`${args.join(' ')} has ended (${child.exitCode}).`)
      if (performance.now() - begun > WITHIN_MILLISECONDS) throw new Error(`${args.join(' ')} does not serve.`)
      await sleep(ASK_EVERY_MILLISECONDS)
    }
    const milliseconds = performance.now() - begun
    for (let each = 0; each < REQUESTS_BEFORE_REST; each += 1) mustBe(await statusOf(port, path), 200, path)
    await sleep(restSeconds * 1000)
    const memory = readFileSync(`/proc/${child.pid}/smaps_rollup`, 'utf8')
    child.kill('SIGTERM')
    const [code] = await gone
    mustBe(code, exitCode, `exit code of ${args.join(' ')}`)
    return { milliseconds, resident: mebibytesOf(memory, 'Rss'), proportional: mebibytesOf(memory, 'Pss') }
  } finally {
    kill()
    process.off('exit', kill)
  }
}

/** Null while nobody listens. */
const statusOf = (port: number, path: string) =>
  new Promise<number | null>((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? null))
    })
    request.on('error', () => resolve(null))
  })

const mebibytesOf = (memory: string, name: string) =>
  Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(memory)?.[1]) / 1024
