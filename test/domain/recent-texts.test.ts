import t from 'tap'
import { createRecentTexts } from '../../src/domain/recent-texts.ts'

/** A text whose end is as random as a signature, one for each number. */
const textOf = (number: number, length = 100) => `${'x'.repeat(length)}.${String(number).padStart(43, '0')}`
const ROOM = { mostEntries: 1000, mostBytes: 100_000 }

t.test('what was kept is found by its whole text, and by no other', async (t) => {
  const texts = createRecentTexts<number>(ROOM)
  texts.keep(textOf(1), 1, 10)
  t.equal(texts.find(textOf(1)), 1)
  t.equal(texts.find(textOf(1, 99)), undefined, 'the same end is not the same text')
  t.equal(texts.find(textOf(2)), undefined)
  texts.keep(textOf(1, 99), 2, 20)
  t.strictSame([texts.find(textOf(1)), texts.find(textOf(1, 99))], [undefined, 2], 'one end has one place')
  t.strictSame([texts.size, texts.bytes], [1, 20])
  texts.drop(textOf(1))
  t.equal(texts.size, 1, 'nor is another dropped')
  texts.drop(textOf(1, 99))
  t.strictSame([texts.size, texts.bytes], [0, 0])
})

t.test('while there is room nothing is pushed out, so that all come again however many they are', async (t) => {
  const texts = createRecentTexts<number>(ROOM)
  for (let number = 0; number < 1000; number += 1) texts.keep(textOf(number), number, 100)
  const missing = Array.from({ length: 1000 }, (_, number) => number).filter(
    (number) => texts.find(textOf(number)) !== number
  )
  t.strictSame(missing, [])
})

t.test('neither entries nor bytes grow beyond their bounds', async (t) => {
  for (const bytes of [10, 1000]) {
    const texts = createRecentTexts<number>(ROOM)
    const beyond: number[] = []
    for (let number = 0; number < 20_000; number += 1) {
      texts.keep(textOf(number), number, bytes)
      // Some are asked for again, at once or later.
      if (number % 3 === 0) texts.find(textOf(number))
      if (number % 7 === 0) texts.find(textOf(number - 50))
      if (texts.size > ROOM.mostEntries || texts.bytes > ROOM.mostBytes) beyond.push(number)
    }
    t.strictSame(beyond, [], `${bytes} bytes each`)
    t.equal(texts.bytes, texts.size * bytes)
  }
  const texts = createRecentTexts<number>(ROOM)
  texts.keep(textOf(1), 1, 10_001)
  t.equal(texts.find(textOf(1)), undefined, 'what would take more than a tenth of it all is not kept')
})

t.test('a flood of texts that come once leaves those that come again', async (t) => {
  const texts = createRecentTexts<number>(ROOM)
  const regulars = Array.from({ length: 800 }, (_, number) => number)
  for (const number of regulars) texts.keep(textOf(number), number, 100)
  for (const number of regulars) texts.find(textOf(number))
  for (let number = 1000; number < 101_000; number += 1) texts.keep(textOf(number), number, 100)
  t.strictSame(
    regulars.filter((number) => texts.find(textOf(number)) === undefined),
    [],
    'also when none of them came in all that time'
  )
})

t.test('those that come no more make room for others that do', async (t) => {
  const texts = createRecentTexts<number>(ROOM)
  const comeAgain = (from: number) => {
    for (let number = from; number < from + 1000; number += 1) {
      texts.keep(textOf(number), number, 100)
      texts.find(textOf(number))
    }
  }
  for (const from of [0, 10_000, 20_000, 30_000]) comeAgain(from)
  const found = (from: number) =>
    Array.from({ length: 1000 }, (_, number) => texts.find(textOf(from + number))).filter(
      (value) => value !== undefined
    )
  t.equal(found(0).length, 0)
  t.ok(found(30_000).length > 900, `${found(30_000).length} of the newest are there`)
})
