import t from 'tap'
import { createUuidTable, PARTS, type UuidTable } from '../../src/domain/uuid-table.ts'
import { bytesMadeBy, bytesOfArrays } from '../support/memory.ts'
import { createRandom } from '../support/random.ts'
import { digits, uuidFrom } from '../support/uuids.ts'

const LAST = 2 ** 32 - 1
const dropAll = (table: UuidTable, seconds: number) => {
  for (let part = 0; part < PARTS; part += 1) table.drop(part, seconds)
}
const sorted = (entries: Iterable<readonly [string, number]>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
function tableOf(ids: Iterable<string>, seconds = 1000): UuidTable {
  const table = createUuidTable()
  for (const id of ids) table.raise(id, seconds)
  return table
}

t.test('it answers as a Map does, whatever is done in whatever order', async (t) => {
  const random = createRandom(4711)
  // A quarter share their last word with others, so that there are chains as well.
  const ids = Array.from({ length: 6000 }, (_, at) =>
    at % 4 === 0 ? uuidFrom(random, digits(random.below(20) + 1, 8)) : uuidFrom(random)
  )
  const some = () => ids[random.below(ids.length)] ?? ''
  const table = createUuidTable()
  const model = new Map<string, number>()
  let now = 0
  for (let turn = 0; turn < 300; turn += 1) {
    for (let each = random.below(400); each > 0; each -= 1) {
      const id = some()
      const seconds = now + 1 + random.below(turn % 3 === 0 ? 5 : 200)
      if (!table.raise(id, seconds)) t.fail(`${id} was refused`)
      model.set(id, Math.max(model.get(id) ?? 0, seconds))
    }
    if (random.below(3) === 0) {
      now += random.below(60)
      dropAll(table, now)
      for (const [id, seconds] of model) if (seconds <= now) model.delete(id)
    }
    const wrong = ids.filter((id) => table.has(id) !== model.has(id))
    t.strictSame([table.size, wrong], [model.size, []])
    if (turn % 10 === 0) t.strictSame(sorted(table.entries()), sorted(model))
  }
  dropAll(table, now + 200)
  t.strictSame([table.size, [...table.entries()]], [0, []])
})

t.test('ids whose search begins at one slot are told apart, across the end of the slots too', async (t) => {
  const random = createRandom(12)
  for (let round = 0; round < 100; round += 1) {
    // Twelve are as many as sixteen slots take, so that nearly each of these chains goes on at the first slot.
    const tail = digits(random.below(2 ** 32 - 1) + 1, 8)
    const ids = Array.from({ length: 12 }, () => uuidFrom(random, tail))
    const table = createUuidTable()
    for (const [at, id] of ids.entries()) {
      table.raise(id, 10 + at)
      t.strictSame([table.size, ids.filter((each) => table.has(each))], [at + 1, ids.slice(0, at + 1)])
    }
    // From the beginning of a chain, and from its middle.
    dropAll(table, 13)
    for (const id of ids.slice(6, 9)) table.raise(id, 100)
    dropAll(table, 19)
    t.strictSame(
      ids.map((id) => table.has(id)),
      ids.map((_, at) => (at >= 6 && at < 9) || at > 9)
    )
  }
  const many = Array.from({ length: 1000 }, () => uuidFrom(random, 'fffffff1'))
  const table = tableOf(many)
  t.strictSame([table.size, many.every((id) => table.has(id))], [1000, true])
  t.notOk(table.has(uuidFrom(random, 'fffffff1')))
})

t.test('whatever is not a UUID of the service is refused and not found, however alike it looks', async (t) => {
  const random = createRandom(3)
  const id = '0199aaaa-bbbb-7ccc-8ddd-eeeeffffabcd'
  const table = tableOf([id])
  const odd = [
    ...id.split('').flatMap((letter, at) =>
      // Some that differ from a digit by a bit or by a byte only, and what no digit is.
      [letter.toUpperCase(), 'g', '/', ':', '`', '@', '-', ' ', '\0', '\u0100', '\u0161', '\uff41', '\ud800'].map(
        (other) => id.slice(0, at) + other + id.slice(at + 1)
      )
    ),
    ...['', 'a', id.slice(1), id.slice(0, -1), `${id}0`, `0${id}`, id.replaceAll('-', ''), id.toUpperCase()],
    ...[`{${id}}`, `urn:uuid:${id}`, ` ${id.slice(1)}`, `${id.slice(0, -1)}\n`],
    ...['0', '1', '2', '3', '5', '6', '8', '9', 'f'].map((version) => `${id.slice(0, 14)}${version}${id.slice(15)}`),
    ...['0', '3', '4', '7', 'c', 'f'].map((variant) => `${id.slice(0, 19)}${variant}${id.slice(20)}`),
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    uuidFrom(random, '00000000')
  ].filter((text) => text !== id)
  for (const text of odd) {
    t.strictSame([table.has(text), table.raise(text, 5), table.has(text)], [false, false, false], JSON.stringify(text))
  }
  t.strictSame([...table.entries()], [[id, 1000]])
  // A neighbour, one digit away, is refused by nothing and is another id all the same.
  for (const at of [0, 7, 9, 12, 15, 17, 20, 22, 24, 27, 28, 35]) {
    const neighbour = `${id.slice(0, at)}5${id.slice(at + 1)}`
    t.strictSame(
      [table.has(neighbour), table.raise(neighbour, 1), table.has(neighbour)],
      [false, true, true],
      neighbour
    )
  }
  t.equal(table.size, 13)
})

t.test('a time only rises, and its 32 bits are all in use', async (t) => {
  const random = createRandom(5)
  const [a, b, c] = [uuidFrom(random), uuidFrom(random), uuidFrom(random)]
  const table = tableOf([a], 7)
  for (const seconds of [3, 2 ** 31 + 5, 9]) table.raise(a, seconds)
  table.raise(b, LAST)
  table.raise(c, 1)
  const all = [
    [a, 2 ** 31 + 5],
    [b, LAST],
    [c, 1]
  ] as const
  t.strictSame(sorted(table.entries()), sorted(all))
  for (const seconds of [-Infinity, -1, 0, 0.9, NaN]) dropAll(table, seconds)
  t.equal(table.size, 3)
  dropAll(table, 1)
  t.strictSame([table.has(a), table.has(b), table.has(c)], [true, true, false])
  dropAll(table, 2 ** 31 + 5)
  t.strictSame([...table.entries()], [[b, LAST]])
})

t.test('who walks through the entries misses none that stays, while others come and go', async (t) => {
  const random = createRandom(99)
  for (const start of [1, 40, 3000]) {
    const make = (count: number) => Array.from({ length: count }, () => uuidFrom(random))
    const [stays, goes] = [make(start), make(start)]
    const table = tableOf(stays)
    for (const id of goes) table.raise(id, 10)
    const known = new Set([...stays, ...goes])
    const given: string[] = []
    for (const [id, seconds] of table.entries()) {
      given.push(id)
      if (!known.has(id) || seconds < 10) t.fail(`${id} was given until ${seconds}`)
      const turn = given.length
      if (turn % 7 === 1) dropAll(table, 9 + (turn % 5))
      if (turn > start * 4) continue
      for (const each of make(5)) {
        known.add(each)
        table.raise(each, random.pick([11, 12, 500]))
      }
      table.raise(stays[random.below(start)] ?? '', 1000 + turn)
    }
    const staying = new Set(stays)
    t.strictSame(given.filter((id) => staying.has(id)).sort(), stays.sort())
  }
})

t.test('the memory of what is over is given back', async (t) => {
  const random = createRandom(8)
  const before = await bytesOfArrays()
  const table = createUuidTable()
  for (let each = 0; each < 100_000; each += 1) table.raise(uuidFrom(random), each % 10 === 0 ? 20 : 10)
  const bytes = async () => (await bytesOfArrays()) - before
  const full = await bytes()
  t.ok(full >= 26 * 100_000 && full <= 34 * 100_000, `${full} bytes for 100,000 ids`)
  dropAll(table, 10)
  const tenth = await bytes()
  t.equal(table.size, 10_000)
  t.ok(tenth <= 34 * 10_000, `${tenth} bytes for 10,000 ids`)
  dropAll(table, 20)
  const none = await bytes()
  t.ok(none <= 1000, `${none} bytes for none`)
  t.equal(table.size, 0)
})

t.test('a question makes no garbage', async (t) => {
  const random = createRandom(6)
  const ids = Array.from({ length: 2000 }, () => uuidFrom(random))
  const table = tableOf(ids.slice(0, 1000))
  let found = 0
  const made = bytesMadeBy(() => {
    for (const id of ids) if (table.has(id)) found += 1
  })
  t.equal(found, 1000 * 30)
  t.ok(made < ids.length, `${made} bytes for ${ids.length} questions`)
})
