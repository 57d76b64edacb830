import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ROOT_SECRET } from './support/app.ts'
import { freshDatabase } from './support/database.ts'
import { freePort } from './support/free-port.ts'
import { settingsTable } from './support/print-settings.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** The blocks of commands with one tag, and what each says that it prints: lines that begin with `# → `. */
function blocks(tag: string): { commands: string; prints: string[] }[] {
  return [...readme.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].flatMap(([, found, commands = '']) =>
    found === tag ? [{ commands, prints: [...commands.matchAll(/^# → (.*)$/gm)].map(([, text = '']) => text) }] : []
  )
}

/** Runs commands in one shell, which stops at the first that fails, and gives what they print. */
async function shell(script: string, env: NodeJS.ProcessEnv): Promise<string> {
  const bash = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let output = ''
  bash.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = await once(bash, 'close')
  if (code !== 0) throw new Error(`The commands ended with ${String(code)}: ${output}`)
  return output
}

t.setTimeout(240_000)

t.test('the table of settings says what the settings are', (t) => {
  t.ok(readme.includes(`\n${settingsTable()}\n`))
  t.end()
})

t.test('the commands of README do what it says', { timeout: 240_000 }, async (t) => {
  const port = await freePort()
  const env = { ...process.env, DATABASE_URL: await freshDatabase(t), LATCHKEY_SECRET: ROOT_SECRET, PORT: String(port) }
  const inReadme = blocks('')
  const start = inReadme.find(({ commands }) => commands.includes('npm start'))
  t.equal(start?.commands, 'npm ci && npm start\n', 'one line starts it')
  // npx makes the file of the command executable only once for a folder, and may have done so for an earlier clone in it.
  const command = join(root, 'dist/src/cli/main.js')
  if (existsSync(command)) chmodSync(command, 0o644)
  await shell('npm run -s build', env)

  // What is to be done with the service stopped comes later in the text, and first here: there is one start to wait for.
  const stopped = blocks('sh stopped')
  const made = await shell(stopped.map(({ commands }) => commands).join('\n'), env)
  for (const text of stopped.flatMap(({ prints }) => prints)) t.match(made, text)

  // `npm ci` is what installed this test; the rest of the line is run as it stands.
  const service = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  const ended = once(service, 'close')
  t.teardown(() => {
    if (service.exitCode === null && service.pid !== undefined) process.kill(-service.pid, 'SIGKILL')
  })
  let log = ''
  service.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()))
  while (!log.includes('The documentation is at')) {
    if (service.exitCode !== null) throw new Error(`npm start ended: ${log}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }

  const curl = blocks('sh').map(({ commands, prints }) => ({
    commands: commands.replaceAll(':3000', `:${port}`),
    prints
  }))
  const output = await shell(curl.map(({ commands }) => commands).join('\n'), env)
  let at = 0
  for (const text of curl.flatMap(({ prints }) => prints)) {
    const found = output.indexOf(text, at)
    t.not(found, -1, `it prints ${text}`)
    at = Math.max(at, found)
  }
  if (service.pid !== undefined) process.kill(-service.pid, 'SIGTERM')
  await ended
})
