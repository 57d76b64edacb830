import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { CommandFailed, type Terminal } from './command.ts'

/**
 * A secret is never taken from an argument: arguments stand in the list of processes and in the shell's history. It is
 * asked for without an echo, or read from a file or from what is piped in; one line end after it does not count.
 */
export async function readSecret(
  { stdin, stderr }: Terminal,
  question: string,
  file: string | undefined
): Promise<string> {
  if (file !== undefined) return withoutLineEnd(await readSecretFile(file))
  if (stdin.isTTY) return prompt(stdin, stderr, question)
  return withoutLineEnd(await text(stdin))
}

async function readSecretFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    throw new CommandFailed(`The file ${path} cannot be read.`)
  }
}

async function prompt(stdin: NodeJS.ReadStream, stderr: NodeJS.WritableStream, question: string): Promise<string> {
  stderr.write(question)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true })
  try {
    return await lines.question('')
  } finally {
    lines.close()
    stderr.write('\n')
  }
}

const withoutLineEnd = (secret: string) => secret.replace(/\r?\n$/, '')
