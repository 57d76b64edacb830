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
  /** What is named after those words, all of it required: how the help text calls each. */
  readonly takes?: readonly string[]
  /** Flags that take a value: name → what the value is, for the help text. */
  readonly flags: Readonly<Record<string, { readonly takes: string; readonly required?: boolean }>>
  /** Resolves when it has done its work; what it prints is one document with `--json`. */
  run(input: CommandInput): Promise<void>
}

export interface CommandInput {
  /** The value of a flag that was given. */
  readonly flag: (name: string) => string | undefined
  /** What was given for one of `takes`. */
  readonly given: (name: string) => string
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

export interface Arguments {
  readonly flags: ReadonlyMap<string, string>
  readonly given: ReadonlyMap<string, string>
  readonly json: boolean
}

/** Reads what follows the words of a command. @throws CommandFailed for what it does not take, lacks, or is given no value. */
export function readArguments(command: Command, args: readonly string[]): Arguments {
  const options: NonNullable<ParseArgsConfig['options']> = { json: { type: 'boolean' } }
  for (const name of Object.keys(command.flags)) options[name] = { type: 'string' }
  const { values, positionals } = parse(command, args, options)
  const { json = false, ...others } = values
  const flags = new Map(
    Object.entries(others).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))
  )
  for (const [name, { takes, required = false }] of Object.entries(command.flags)) {
    if (required && !flags.has(name))
      throw new CommandFailed(`latchkey ${command.name} needs --${name} ${takes}.`, EXIT.usage)
  }
  return { flags, given: nameAll(command, positionals), json: json === true }
}

function nameAll({ name, takes = [] }: Command, positionals: readonly string[]): ReadonlyMap<string, string> {
  const missing = takes.slice(positionals.length)
  const surplus = positionals.slice(takes.length)
  if (missing.length > 0) throw new CommandFailed(`latchkey ${name} needs ${missing.join(' and ')}.`, EXIT.usage)
  if (surplus.length > 0) throw new CommandFailed(`latchkey ${name} does not take '${surplus.join(' ')}'.`, EXIT.usage)
  return new Map(takes.map((each, i) => [each, positionals[i] ?? '']))
}

function parse(command: Command, args: readonly string[], options: NonNullable<ParseArgsConfig['options']>) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandFailed(`latchkey ${command.name}: ${reason}`, EXIT.usage)
  }
}
