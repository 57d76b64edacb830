import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createCommonPasswords } from '../src/domain/common-passwords.ts'

async function listOf(test: Test, lines: readonly string[]): Promise<string> {
  const path = join(test.testdir(), 'list.txt')
  await writeFile(path, lines.map((line) => `${line}\n`).join(''))
  return path
}

t.test('entries are compared without case and in NFC, and shorter ones are not kept', async (t) => {
  const path = await listOf(t, [
    'Sunflower',
    'zo\u0308lliger',
    'ignored',
    '\u{1f98a}\u{1f41d}\u{1f33b}\u{1f9f2}',
    'last one'
  ])
  const common = createCommonPasswords(8, path)
  t.equal(await common.load(), 3)
  for (const [folded, is] of [
    ['sunflower', true],
    ['zölliger', true],
    ['last one', true],
    ['ignored', false],
    ['\u{1f98a}\u{1f41d}\u{1f33b}\u{1f9f2}', false],
    ['sunflowe', false],
    ['unflower', false],
    ['sunflower\nzölliger', false],
    ['', false]
  ] as const) {
    t.equal(await common.has(folded), is, JSON.stringify(folded))
  }
})

t.test('the list is read once it is asked for', async (t) => {
  const common = createCommonPasswords(8, await listOf(t, ['sunflower']))
  t.equal(await common.has('sunflower'), true)
})

t.test('a long list is cut where the less common begin', async (t) => {
  const path = await listOf(
    t,
    Array.from({ length: 100_200 }, (_, at) => `entry ${String(at)}`)
  )
  const common = createCommonPasswords(7, path)
  t.equal(await common.load(), 100_000)
  t.equal(await common.has('entry 99999'), true)
  t.equal(await common.has('entry 100000'), false)
})

t.test('a list that could not be read is read again', async (t) => {
  const path = join(t.testdir(), 'list.txt')
  const common = createCommonPasswords(8, path)
  await t.rejects(common.has('sunflower'), { code: 'ENOENT' })
  await writeFile(path, 'sunflower\n')
  t.equal(await common.has('sunflower'), true)
})

t.test('reading the list leaves room for other work', async (t) => {
  let turns = 0
  let reading = true
  const turn = () => {
    turns += 1
    if (reading) setImmediate(turn)
  }
  setImmediate(turn)
  await createCommonPasswords(15).load()
  reading = false
  t.ok(turns > 100, `the event loop turned ${turns} times`)
})
