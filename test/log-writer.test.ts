import { spawnSync } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createLogWriter, type LogWriter } from '../src/http/log-writer.ts'

const bound = (made: LogWriter) => ({ flush: made.flush, write: (line: string) => made.write(line) })

/** A writer, and the pieces that it has written. */
function writer() {
  const output = new PassThrough()
  const pieces: string[] = []
  output.on('data', (piece: Buffer) => pieces.push(piece.toString()))
  const { write, flush } = bound(createLogWriter(output))
  return { write, flush, output, pieces }
}

t.test('lines that come together are written together, soon, in their order', async (t) => {
  const { write, pieces } = writer()
  for (const line of ['one\n', 'two\n', 'three\n']) write(line)
  t.strictSame(pieces, [])
  await sleep(100)
  t.strictSame(pieces, ['one\ntwo\nthree\n'])
  write('four\n')
  await sleep(100)
  t.strictSame(pieces, ['one\ntwo\nthree\n', 'four\n'])
})

t.test('what is kept does not grow: many lines are written at once', async (t) => {
  const { write, pieces } = writer()
  const line = `${'x'.repeat(1023)}\n`
  for (let number = 0; number < 200; number += 1) write(line)
  const written = pieces.join('').length
  t.ok(written >= 128 * 1024, `${written} characters`)
  await sleep(100)
  t.equal(pieces.join(''), line.repeat(200))
})

t.test('an output that is gone is no reason to fail', async (t) => {
  const { write, flush, output, pieces } = writer()
  output.destroy(new Error('EPIPE'))
  await sleep(10)
  write('lost\n')
  flush()
  t.strictSame(pieces, [])
})

t.test('what ends the process by itself loses no line', async (t) => {
  const source = `
    import { logToStandardOutput } from './src/http/log-writer.ts'
    const { write } = logToStandardOutput()
    for (let number = 0; number < 1000; number += 1) write(number + '\\n')
    LAST`
  const all = Array.from({ length: 1000 }, (_, number) => `${number}\n`).join('')
  for (const last of ['process.exit(3)', 'throw new Error("not caught")', '']) {
    const { stdout } = spawnSync(
      process.execPath,
      ['--import', './test/support/ts.mjs', '--input-type=module', '--eval', source.replace('LAST', last)],
      { encoding: 'utf8' }
    )
    t.equal(stdout, all, last)
  }
})
