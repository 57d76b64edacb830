#!/usr/bin/env node
import { FolderInUse } from '../db/folder-lock.ts'
import { Problem } from '../domain/problems.ts'
import { StartRefused } from '../domain/start-refused.ts'
import { BadSettings } from '../config.ts'
import { adminCreate } from './admin-create.ts'
import { clientCreate } from './client-create.ts'
import { clientDisable } from './client-disable.ts'
import { clientList } from './client-list.ts'
import { clientRotateSecret } from './client-rotate-secret.ts'
import { CommandFailed, EXIT, readArguments, type Command } from './command.ts'
import { keysList } from './keys-list.ts'
import { keysRevoke } from './keys-revoke.ts'
import { keysRewrap } from './keys-rewrap.ts'
import { keysRotate } from './keys-rotate.ts'
import { migrate } from './migrate.ts'
import { serve } from './serve.ts'

const COMMANDS: readonly Command[] = [
  ...[serve, migrate, adminCreate],
  ...[clientCreate, clientList, clientRotateSecret, clientDisable],
  ...[keysList, keysRotate, keysRevoke, keysRewrap]
]

function help(): string {
  const lines = COMMANDS.map((command) => {
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
    stdout.write(help())
    return
  }
  const command = COMMANDS.find(({ name }) => name.split(' ').every((word, i) => args[i] === word))
  if (command === undefined) {
    const words = args.filter((arg) => !arg.startsWith('-')).join(' ')
    throw new CommandFailed(`There is no command '${words}'. latchkey --help lists those that there are.`, EXIT.usage)
  }
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
