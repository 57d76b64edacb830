// What tap shows of a run: one line per file, and everything about what failed.
// Plain JavaScript, because tap loads it without the hooks that load TypeScript.
import { writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { inspect } from 'node:util'

/**
 * One file of a run, as run.ts reads it from the path in TEST_REPORT.
 * @typedef {{ file: string, passed: number, failed: number, skipped: number }} FileReport
 */

const LOG_CHARACTERS = 20_000
const OF_TAP_ITSELF = /^# (Subtest|time=|timeout=|test count|\{ total)/

/** @type {Map<object, ReturnType<typeof follow>>} */
const files = new Map()
let listening = false

/** tap takes a React component. This one draws nothing: it listens to what tap hands it, and prints line by line. */
export default function Reporter({ test }) {
  if (!listening) listen(test)
  listening = true
  return null
}

function listen(test) {
  test.on('subtestAdd', (file) => files.set(file, follow(file)))
  test.on('subtestEnd', (file) => files.get(file).end())
  test.once('complete', () => {
    // After a timeout tap may leave the last files out of its reckoning. Not here: what did not run has failed.
    for (const file of files.values()) file.end()
    const failed = reports().filter((report) => report.failed > 0).length
    print(`${files.size} files, of which ${failed} failed`)
    if (failed > 0) process.exitCode ||= 1
  })
  process.once('exit', () => {
    if (process.env.TEST_REPORT) writeFileSync(process.env.TEST_REPORT, JSON.stringify(reports()))
  })
  if (process.env.TEST_REPORT) stopWithParent()
}

/** Collects what one file says and prints it when the file has ended. */
function follow(file) {
  const comments = []
  const log = []
  let report = null
  let start = Date.now()

  const listenTo = (parser) => {
    parser.on('child', listenTo)
    parser.on('comment', (comment) => {
      if (!OF_TAP_ITSELF.test(comment)) comments.push(comment.trimEnd())
    })
  }
  listenTo(file.parser)
  file.parser.on('extra', (text) => log.push(text))
  file.on('process', (child) => {
    start = Date.now()
    child.stderr?.on('data', (text) => log.push(String(text)))
  })

  return {
    report: () => report,
    end() {
      if (report !== null) return
      const { pass, fail, skip, todo, total } = file.counts
      const fault = faultOf(file)
      const name = sourceOf(file.name)
      report = { file: name, passed: pass, failed: Math.max(fail, fault === null ? 0 : 1), skipped: skip + todo }
      const what = report.failed > 0 ? `${report.failed} failed` : report.skipped > 0 ? `${report.skipped} skipped` : ''
      const head = report.failed > 0 ? 'FAIL' : report.skipped > 0 ? 'skip' : 'ok  '
      print([`${head}  ${name}`, `${total} assertions`, seconds(Date.now() - start), what].filter(Boolean).join('  '))
      for (const comment of comments) print(indent(comment))
      for (const { fullname, skip, todo } of [...file.lists.skip, ...file.lists.todo]) {
        print(indent(`skipped: ${fullname} ${[skip, todo].filter((why) => typeof why === 'string').join(' ')}`))
      }
      if (report.failed === 0) return
      if (fault !== null) print(indent(`${fault}.`))
      for (const failure of file.lists.fail) print(indent(describe(failure)))
      const output = log.join('')
      if (output) print(indent(`what it wrote:\n${indent(output.slice(-LOG_CHARACTERS).trimEnd())}`))
    }
  }
}

/** What went wrong beside its assertions, or null. */
function faultOf({ results, options, timedOut, counts, started }) {
  if (!started) return 'it never ran'
  if (timedOut) return 'it took too long and was ended'
  if (options.signal) return `it was ended by ${options.signal}`
  if (options.exitCode && counts.fail === 0) return `it exited with code ${options.exitCode}`
  if (counts.total === 0) return 'it made no assertion'
  if (!results) return 'it did not end'
  return results.ok || counts.fail > 0 ? null : 'it did not pass'
}

function describe({ fullname, diag, tapError }) {
  const { at, diff, source, stack, ...rest } = diag ?? {}
  for (const noise of ['compare', 'tapCaught', 'test']) delete rest[noise]
  const blocks = [
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

/** run.ts tells us to stop by closing the channel, and so does its end, should it be killed: nothing is to go on alone. */
function stopWithParent() {
  const stop = () => {
    for (const file of files.keys()) file.proc?.kill('SIGKILL')
    process.kill(process.pid, 'SIGKILL')
  }
  process.once('disconnect', stop)
  process.channel?.unref()
  if (!process.connected) stop()
}

/** @returns {FileReport[]} */
const reports = () => [...files.values()].map((file) => file.report()).filter((report) => report !== null)

/** The path of a test file. run.ts has made one file of it and all that it imports, in a folder that it tells us of. */
function sourceOf(name) {
  const bundles = process.env.TEST_BUNDLES
  return bundles ? relative(bundles, resolve(name)).replace(/\.mjs$/, '.ts') : name
}

const print = (text) => process.stdout.write(`${text}\n`)
const indent = (text) => text.replace(/^(?=.)/gm, '      ')
const trimLines = (text) => text.replace(/^\s*\n|\s+$/g, '')
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`
