import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { environmentReads, tooLong, wrongImports } from './support/import-rules.ts'

const root = join(import.meta.dirname, '..')
const files = ['src', 'plugins', 'routes', 'drizzle']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ path: relative(root, path), source: readFileSync(path, 'utf8') }))

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
}
const dependencies = new Set(Object.keys(manifest.dependencies))

t.test('every import points down: no file asks a room that it may not know of', async (t) => {
  t.ok(files.length > 50, 'the files are found')
  const wrong = files.flatMap(({ path, source }) => wrongImports(path, source, dependencies))
  t.equal(wrong.join('\n'), '')
})

t.test('the environment is read in src/config.ts and nowhere else', async (t) => {
  const reads = files.flatMap(({ path, source }) => environmentReads(path, source))
  t.equal(reads.join('\n'), '')
})

t.test('no file is longer than 200 lines', async (t) => {
  const long = files
    .filter(({ path }) => !path.startsWith('drizzle'))
    .flatMap(({ path, source }) => tooLong(path, source))
  t.equal(long.join('\n'), '')
})

t.test('an import that is not allowed is found, however it is written', async (t) => {
  for (const source of [
    "import { users } from '../src/db/users.ts'",
    "import type { Users } from '../src/db/users.ts'",
    "import '../src/db/users.ts'",
    "export { users } from '../src/db/users.ts'",
    "export * from '../src/db/users.ts'",
    "const users = await import('../src/db/users.ts')",
    'const users = await import(`../src/db/users.ts`)',
    "type Users = import('../src/db/users.ts').Users",
    "import users = require('../src/db/users.ts')",
    "const users = require('../src/db/users.ts')",
    "declare module '../src/db/users.ts' { interface Users { extra: string } }"
  ]) {
    const wrong = wrongImports('routes/x.ts', `// a comment\n${source}`, dependencies)
    t.strictSame(wrong, ["routes/x.ts:2 imports '../src/db/users.ts': routes may not import from db"], source)
  }
  t.strictSame(
    wrongImports('routes/x.ts', "// import '../src/db/users.ts'\nconst text = `import '../src/db/a.ts'`", dependencies),
    []
  )
})

t.test('each kind of import that is not allowed is named for what it is', async (t) => {
  const table: readonly (readonly [path: string, source: string, why: RegExp | null])[] = [
    [
      'src/app.ts',
      "import a from '../plugins/a.ts'; import b from '../routes/b.ts'; import c from './config.ts'",
      null
    ],
    ['plugins/a.ts', "import a from '../src/config.ts'; import b from '../src/db/b.ts'; import c from './c.ts'", null],
    ['plugins/a.ts', "import b from '../routes/b.ts'", /plugins may not import from routes/],
    ['routes/a.ts', "import b from '../plugins/b.ts'", /routes may not import from plugins/],
    ['routes/a.ts', "import b from '../src/config.ts'", /routes may not import from config/],
    ['routes/a.ts', "import { sql } from 'drizzle-orm'", /routes may not know of drizzle-orm/],
    ['src/cli/a.ts', "import b from '../../routes/b.ts'", /cli may not import from routes/],
    ['src/cli/a.ts', "import b from '../app.ts'; import c from '../../plugins/c.ts'", null],
    ['src/db/a.ts', "import b from '../../drizzle/schema.ts'; import c from '../domain/c.ts'", null],
    ['src/db/a.ts', "import b from '../http/b.ts'", /db may not import from http/],
    ['src/http/a.ts', "import b from '../config.ts'", /http may not import from config/],
    ['src/config/a.ts', "import b from '../config.ts'; import c from '../domain/c.ts'", null],
    ['src/config.ts', "import b from './db/b.ts'", /config may not import from db/],
    ['src/domain/a.ts', "import b from './b.ts'; import { v7 } from 'uuid'; import c from 'node:crypto'", null],
    ['src/domain/a.ts', "import b from '../http/b.ts'", /domain may not import from http/],
    ['src/domain/a.ts', "import type { FastifyRequest } from 'fastify'", /domain may not know of fastify/],
    ['src/domain/a.ts', "import jwt from '@fastify/jwt'", /domain may not know of @fastify\/jwt/],
    ['src/domain/a.ts', "import { pgTable } from 'drizzle-orm/pg-core'", /domain may not know of drizzle-orm/],
    [
      'src/domain/a.ts',
      "declare module 'fastify' { interface FastifyRequest { x: 1 } }",
      /domain may not know of fastify/
    ],
    ['src/domain/a.ts', 'const b = await import(`./${name}.ts`)', /imports what is only known when it runs/],
    ['src/domain/a.ts', "import t from 'tap'", /tap is not among the dependencies/],
    ['src/domain/a.ts', "import type { Test } from 'tap'", null],
    ['src/domain/a.ts', "import b from '../../test/support/b.ts'", /that is in no room/],
    ['src/elsewhere/a.ts', '', /is in no room/]
  ]
  for (const [path, source, why] of table) {
    const wrong = wrongImports(path, source, dependencies)
    if (why === null) t.strictSame(wrong, [], `${path}: ${source}`)
    else t.match(wrong.join('; '), why, `${path}: ${source}`)
  }
})

t.test('a look at the environment is found, however it is written', async (t) => {
  for (const source of [
    'const port = process.env.PORT',
    "const port = process['env'].PORT",
    'const port = globalThis.process.env.PORT',
    'const { env } = process',
    'const { env: settings } = process',
    "import { env } from 'node:process'",
    "import { env as settings } from 'process'"
  ]) {
    t.strictSame(environmentReads('src/http/x.ts', source), ['src/http/x.ts:1 reads process.env'], source)
    t.strictSame(environmentReads('src/config.ts', source), [], `${source} in src/config.ts`)
  }
  t.strictSame(environmentReads('src/http/x.ts', 'const { pid } = process; const a = options.env; // process.env'), [])
})

t.test('a file of 200 lines is not too long, and one of 201 is', async (t) => {
  t.strictSame(tooLong('src/a.ts', 'x\n'.repeat(200)), [])
  t.strictSame(tooLong('src/a.ts', 'x\n'.repeat(201)), ['src/a.ts has 201 lines'])
})
