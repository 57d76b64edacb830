// What is shown of a test file: one line, and everything about what failed.
import { inspect } from 'node:util'
import type { Spawn } from 'tap'
import type { FileReport } from './assertion-counts.ts'

const LOG_CHARACTERS = 20_000
const OF_TAP_ITSELF = /^# (Subtest|time=|timeout=|test count|\{ total)/

type Parser = Spawn['parser']
type Failure = Spawn['lists']['fail'][number]

/**
 * Collects what a file that was just started says. The result prints it, when the file has ended.
 * @param name path of the file
 * @param over what it runs over, as its line says it
 */
export function follow(file: Spawn, name: string, over: string): () => FileReport {
  const comments: string[] = []
  const log: string[] = []
  const start = Date.now()

  const listenTo = (parser: Parser) => {
    parser.on('child', listenTo)
    parser.on('comment', (comment) => {
      if (!OF_TAP_ITSELF.test(comment)) comments.push(comment.trimEnd())
    })
  }
  listenTo(file.parser)
  file.parser.on('extra', (text) => void log.push(text))
  file.proc?.stderr?.on('data', (text: Buffer) => void log.push(text.toString()))

  return () => {
    const { pass, fail, skip, todo, total } = file.counts
    const fault = faultOf(file)
    const report = { file: name, passed: pass, failed: Math.max(fail, fault === null ? 0 : 1), skipped: skip + todo }
    const what = report.failed > 0 ? `${report.failed} failed` : report.skipped > 0 ? `${report.skipped} skipped` : ''
    const head = report.failed > 0 ? 'FAIL' : report.skipped > 0 ? 'skip' : 'ok  '
    const line = [
      `${head}  ${[name, over].filter(Boolean).join(' over ')}`,
      `${total} assertions`,
      seconds(Date.now() - start),
      what
    ]
    console.log(line.filter(Boolean).join('  '))
    for (const comment of comments) console.log(indent(comment))
    for (const { fullname, skip, todo } of [...file.lists.skip, ...file.lists.todo]) {
      const why = [skip, todo].filter((each) => typeof each === 'string')
      console.log(indent(`skipped: ${fullname} ${why.join(' ')}`))
    }
    if (report.failed === 0) return report
    if (fault !== null) console.log(indent(`${fault}.`))
    for (const failure of file.lists.fail) console.log(indent(describe(failure)))
    const output = log.join('')
    if (output) console.log(indent(`what it wrote:\n${indent(output.slice(-LOG_CHARACTERS).trimEnd())}`))
    return report
  }
}

/** What went wrong beside its assertions, or null. */
function faultOf({ results, options, timedOut, counts }: Spawn): string | null {
  if (timedOut) return 'it took too long and was ended'
  if (options.signal) return `it was ended by ${options.signal}`
  if (options.exitCode && counts.fail === 0) return `it exited with code ${options.exitCode}`
  if (counts.total === 0) return 'it made no assertion'
  if (!results) return 'it did not end'
  return results.ok || counts.fail > 0 ? null : 'it did not pass'
}

function describe({ fullname, diag, tapError }: Failure): string {
  const { at, diff, source, stack, compare, tapCaught, test, ...rest } = diag ?? {}
  const blocks: readonly string[] = [
    at?.fileName ? `at ${at.fileName}:${at.lineNumber}:${at.columnNumber}` : '',
    tapError ?? '',
    source ?? '',
    diff ?? '',
    Object.keys(rest).length > 0 ? inspect(rest, { depth: 10, breakLength: 116, maxStringLength: 5_000 }) : '',
    stack ?? ''
  ]
  const name = fullname.split(' > ').slice(1).join(' > ') || fullname
  return `not ok: ${name}\n${indent(blocks.map(trimLines).filter(Boolean).join('\n'))}`
}

const indent = (text: string) => text.replace(/^(?=.)/gm, '      ')
const trimLines = (text: string) => text.replace(/^\s*\n|\s+$/g, '')
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`
