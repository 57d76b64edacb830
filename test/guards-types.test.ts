import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'

const BEGINNING = `
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { User } from '../src/domain/caller.ts'
import {
  anyone, maybeUser, requirePermission, requireRole, requireService, requireUser
} from '../src/http/guards.ts'
export const [app, unused]: [FastifyInstance, unknown[]] = [
  {} as FastifyInstance, [anyone, maybeUser, requirePermission, requireRole, requireService, requireUser]
]
export type { FastifyRequest, User }
`

const UNKNOWN = 18046 // 'request.user' is of type 'unknown'.
const NO_MEMBER = 2339 // Property 'maybeUser' does not exist on type …
const PERHAPS_NULL = 18047
const NO_OVERLOAD = 2769
const TOO_FEW = 2555 // Expected at least 1 arguments, but got 0.
const NO_ARGUMENT = 2345 // Argument of type … is not assignable to …
const UNUSED_DIRECTIVE = 2578

/** What is claimed, the code, and the numbers of the compiler's errors. */
const SNIPPETS: readonly (readonly [claim: string, code: string, errors: readonly number[]])[] = [
  ['a guarded handler reads the user', `app.get('/', { preHandler: requireUser }, async (r) => r.user.id)`, []],
  ['so does one with a role', `app.get('/', { preHandler: [requireRole('admin')] }, async (r) => r.user.roles)`, []],
  [
    'and one in route()',
    `app.route({ method: 'GET', url: '/', preHandler: requireUser, handler: async (r) => r.user.id })`,
    []
  ],
  ['a service is read', `app.get('/', { preHandler: requireService }, async (r) => r.service.clientId)`, []],
  ['a caller is read', `app.get('/', { preHandler: requirePermission('a:b') }, async (r) => r.caller.kind)`, []],
  ['an unguarded handler cannot read the user', `app.get('/', async (r) => r.user.id)`, [UNKNOWN]],
  ['nor under anyone', `app.get('/', { preHandler: anyone }, async (r) => r.user.id)`, [UNKNOWN]],
  ['nor in route()', `app.route({ method: 'GET', url: '/', handler: async (r) => r.user.id })`, [UNKNOWN]],
  ['nor in a hook', `app.addHook('onRequest', async (r) => { r.user.id })`, [UNKNOWN]],
  ['nor what it may be', `app.get('/', async (r) => r.maybeUser)`, [NO_MEMBER]],
  ['nor a service', `app.get('/', { preHandler: requireUser }, async (r) => r.service)`, [NO_MEMBER]],
  ['nor a caller', `app.get('/', { preHandler: requireUser }, async (r) => r.caller)`, [NO_MEMBER]],
  ['nobody is thought of', `app.get('/', { preHandler: maybeUser }, async (r) => r.maybeUser.id)`, [PERHAPS_NULL]],
  [
    'a handler elsewhere gets what it needs',
    `app.get('/', async (r: FastifyRequest & { user: User }) => r.id)`,
    [NO_OVERLOAD]
  ],
  ['a role has a name', `requireRole('')`, [NO_ARGUMENT]],
  ['there is at least one', `requireRole()`, [TOO_FEW]],
  ['a permission has two words', `requirePermission('texts')`, [NO_ARGUMENT]],
  [
    'an expected error that does not appear is one',
    `// @ts-expect-error\napp.get('/', async () => 1)`,
    [UNUSED_DIRECTIVE]
  ]
]

t.test('the compiler refuses to read a caller whom no guard proved, and nothing else', async (t) => {
  const files = new Map(
    SNIPPETS.map(([, code], i) => [join(import.meta.dirname, `snippet-${i}.ts`), `${BEGINNING}\n${code}\n`])
  )
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(import.meta.dirname, '../tsconfig.json'), (file) => ts.sys.readFile(file)).config,
    ts.sys,
    join(import.meta.dirname, '..')
  )
  const host = ts.createCompilerHost(options)
  host.fileExists = (file) => files.has(file) || ts.sys.fileExists(file)
  host.readFile = (file) => files.get(file) ?? ts.sys.readFile(file)
  const program = ts.createProgram([...files.keys()], options, host)
  const paths = [...files.keys()]
  for (const [i, [claim, , errors]] of SNIPPETS.entries()) {
    const found = ts.getPreEmitDiagnostics(program, program.getSourceFile(paths[i] ?? ''))
    t.same(
      found.map((one) => one.code),
      errors,
      claim
    )
  }
})
