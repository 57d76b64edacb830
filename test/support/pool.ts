import { fileURLToPath } from 'node:url'
import { t as ofThisProcess, Test } from 'tap'
import type { FileReport, Run } from './assertion-counts.ts'
import { follow } from './reporter.ts'
import { UNOPTIMISED } from './unoptimised.ts'

/** A test file that is to run once. */
export interface Job {
  /** Path from the root of the project. */
  readonly file: string
  readonly bundle: string
  readonly engine: Run['engine']
  /** What it runs over, as its line says it. */
  readonly over: string
  readonly environment: Readonly<Record<string, string>>
}

const AT_ONCE = 2
const MOST_SECONDS = 600
const NODE = [
  process.execPath,
  '--enable-source-maps',
  ...UNOPTIMISED,
  // This process may be killed; nothing is to go on alone.
  `--import=${new URL('with-parent.mjs', import.meta.url).href}`
]
// tap takes this process for a test too, and would end it after half a minute.
ofThisProcess.setTimeout(0)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs all, in their order and two at a time. When it is stopped, it ends what runs and rejects. */
export async function runAll(jobs: readonly Job[], stop: AbortSignal): Promise<readonly Run[]> {
  const runs = new Map<Run['engine'], FileReport[]>()
  const waiting = jobs.values()
  const work = async () => {
    for (const job of waiting) {
      const report = await run(job, stop)
      stop.throwIfAborted()
      runs.set(job.engine, [...(runs.get(job.engine) ?? []), report])
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return [...runs].map(([engine, files]) => ({ engine, files }))
}

/** Rejects when it is stopped before the file has begun. */
async function run({ file, bundle, over, environment }: Job, stop: AbortSignal): Promise<FileReport> {
  stop.throwIfAborted()
  const test = new Test({ name: file })
  // Nobody reads the TAP of it: the reporter says what there is to say.
  test.resume()
  const env = { ...process.env, ...environment, TAP_TIMEOUT: String(MOST_SECONDS) }
  const options = { cwd: root, env, stdio: 'pipe', timeout: MOST_SECONDS * 1000 } as const
  // Without NODE_OPTIONS, in which tap would have each process write down whatever it loads.
  const ended = test.spawn('env', ['-u', 'NODE_OPTIONS', ...NODE, bundle], options, file)
  const { subtest } = ended
  if (subtest === null) throw new Error(`${file} was not started.`)
  const tell = follow(subtest, file, over)
  const kill = () => subtest.proc?.kill('SIGKILL')
  stop.addEventListener('abort', kill)
  await ended
  stop.removeEventListener('abort', kill)
  return tell()
}
