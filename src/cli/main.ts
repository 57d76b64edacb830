#!/usr/bin/env node
import { BadSettings } from '../config/bad-settings.ts'
import { FolderInUse } from '../db/folder-lock.ts'
import { Problem } from '../domain/problems.ts'
import { StartRefused } from '../domain/start-refused.ts'
import { CommandFailed, EXIT, readArguments, type Command } from './command.ts'

/** By the words that call them. Each is loaded when it is called: a start does not wait for what only the others need. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  migrate: async () => (await import('./migrate.ts')).migrate,
  'admin create': async () => (await import('./admin-create.ts')).adminCreate,
  'client create': async () => (await import('./client-create.ts')).clientCreate,
  'client list': async () => (await import('./client-list.ts')).clientList,
  'client rotate-secret': async () => (await import('./client-rotate-secret.ts')).clientRotateSecret,
  'client disable': async () => (await import('./client-disable.ts')).clientDisable,
  'keys list': async () => (await import('./keys-list.ts')).keysList,
  'keys rotate': async () => (await import('./keys-rotate.ts')).keysRotate,
  'keys revoke': async () => (await import('./keys-revoke.ts')).keysRevoke,
  'keys rewrap': async () => (await import('./keys-rewrap.ts')).keysRewrap
}

async function help(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()))
  const lines = commands.map((command) => {
    const flags = Object.entries(command.flags).map(([name, { takes, required = false }]) =>
      required ? ` --${name} ${takes}` : ` [--${name} ${takes}]`
    )
    const takes = (command.takes ?? []).map((name) => ` ${name}`)
    return `  latchkey ${command.name}${takes.join('')}${flags.join('')}\n      ${command.summary}`
  })
  return [
    'Usage:',
    ...lines,
    '',
    '--json prints one JSON document in place of text.',
    'Settings come from the environment; README.md lists them.',
    ''
  ].join('\n')
}

async function main(args: readonly string[]): Promise<void> {
  const { stdin, stdout, stderr } = process
  if (args.length === 0 || args.includes('--help') || args[0] === 'help') {
    stdout.write(await help())
    return
  }
  const found = Object.entries(COMMANDS).find(([name]) => name.split(' ').every((word, i) => args[i] === word))
  if (found === undefined) {
    const words = args.filter((arg) => !arg.startsWith('-')).join(' ')
    throw new CommandFailed(`There is no command '${words}'. latchkey --help lists those that there are.`, EXIT.usage)
  }
  const [, load] = found
  const command = await load()
  const { flags, given, json } = readArguments(command, args.slice(command.name.split(' ').length))
  await command.run({
    flag: (name) => flags.get(name),
    given: (name) => given.get(name) ?? '',
    print(text, document) {
      stdout.write(json ? `${JSON.stringify(document)}\n` : `${text}\n`)
    },
    terminal: { stdin, stdout, stderr }
  })
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommandFailed) return error.exitCode
  if (error instanceof BadSettings || error instanceof StartRefused) return EXIT.config
  if (error instanceof FolderInUse) return EXIT.inUse
  return EXIT.failed
}

/** What is expected to go wrong is told in words; anything else with the place where it happened. */
function describe(error: unknown): string {
  const expected = [CommandFailed, BadSettings, StartRefused, FolderInUse, Problem]
  if (error instanceof Error && expected.some((kind) => error instanceof kind)) {
    return [error, error.cause].flatMap((one) => (one instanceof Error ? [one.message] : [])).join(' ')
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${describe(error)}\n`)
  process.exitCode = exitCodeOf(error)
}
