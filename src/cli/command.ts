import { parseArgs, type ParseArgsConfig } from 'node:util'

/** Exit codes, of which sysexits.h names those above 63. */
export const EXIT = { done: 0, failed: 1, usage: 64, inUse: 75, config: 78 } as const

/** What a command writes to and reads from. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
}

export interface Command {
  /** The words that call it. */
  readonly name: string
  readonly summary: string
  /** Flags that take a value: name → what the value is, for the help text. */
  readonly flags: Readonly<Record<string, { readonly takes: string; readonly required?: boolean }>>
  /** Resolves when it has done its work; what it prints is one document with `--json`. */
  run(input: CommandInput): Promise<void>
}

export interface CommandInput {
  /** The value of a flag that was given. */
  readonly flag: (name: string) => string | undefined
  /** Prints the outcome: `document` with `--json`, else `text`. */
  readonly print: (text: string, document: object) => void
  readonly terminal: Terminal
}

/** Something is wrong with how the command was called, or it cannot do what was asked. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  readonly exitCode: number
  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Reads the flags of a command. @throws CommandFailed for a flag that it does not have, lacks, or is given no value. */
export function readFlags(command: Command, args: readonly string[]): { values: Map<string, string>; json: boolean } {
  const options: NonNullable<ParseArgsConfig['options']> = { json: { type: 'boolean' } }
  for (const name of Object.keys(command.flags)) options[name] = { type: 'string' }
  const { json = false, ...given } = parse(command, args, options)
  const values = new Map(
    Object.entries(given).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))
  )
  for (const [name, { takes, required = false }] of Object.entries(command.flags)) {
    if (required && !values.has(name))
      throw new CommandFailed(`latchkey ${command.name} needs --${name} ${takes}.`, EXIT.usage)
  }
  return { values, json: json === true }
}

function parse(command: Command, args: readonly string[], options: NonNullable<ParseArgsConfig['options']>) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailed(`latchkey ${command.name}: ${reason}`, EXIT.usage)
  }
}
