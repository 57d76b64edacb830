import t from 'tap'
import {
  ADMIN,
  createRoleBook,
  PERMISSION_PATTERN,
  ROLE_PATTERN,
  SERVICE_PERMISSIONS
} from '../../src/domain/permissions.ts'

const service = [...SERVICE_PERMISSIONS].sort()

t.test('without configuration there is one role, which may do all that the service asks for', async (t) => {
  const book = createRoleBook({})
  t.strictSame([...book.names], [ADMIN])
  t.strictSame(book.permissionsOf([ADMIN]), service)
  t.strictSame(book.permissionsOf([]), [], 'a user without roles may do nothing')
})

t.test('roles grant together what each of them grants, sorted and once', async (t) => {
  const book = createRoleBook({ editor: ['text:write', 'text:read'], reader: ['text:read'], nobody: [] })
  t.strictSame([...book.names].sort(), ['admin', 'editor', 'nobody', 'reader'])
  for (const [roles, permissions] of [
    [['reader'], ['text:read']],
    [['editor'], ['text:read', 'text:write']],
    [
      ['reader', 'editor'],
      ['text:read', 'text:write']
    ],
    [
      ['editor', 'reader', 'editor'],
      ['text:read', 'text:write']
    ],
    [['nobody'], []],
    [['gone'], []],
    [['gone', 'reader'], ['text:read']],
    [['Reader'], []],
    [['reader '], []]
  ] as const) {
    t.strictSame(book.permissionsOf(roles), permissions, roles.join())
  }
  t.strictSame(book.permissionsOf(['admin', 'editor']), [...service, 'text:read', 'text:write'].sort())
})

t.test('admin may be given more, and never less', async (t) => {
  for (const [configured, more] of [
    [[], []],
    [['users:read'], []],
    [['text:write', 'text:write'], ['text:write']]
  ] as const) {
    const book = createRoleBook({ admin: configured, other: [] })
    t.strictSame(book.permissionsOf(['admin']), [...service, ...more].sort(), `admin: ${configured.join()}`)
    t.equal(book.names.size, 2)
  }
})

t.test('a role that is named as something that every object has grants nothing by that', async (t) => {
  const book = createRoleBook({ reader: ['text:read'] })
  for (const role of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']) {
    t.strictSame(book.permissionsOf([role]), [], role)
    t.notOk(book.names.has(role), role)
  }
  const configured = createRoleBook({ constructor: ['a:b'], ['__proto__']: ['c:d'] })
  t.strictSame(configured.permissionsOf(['constructor', '__proto__']), ['a:b', 'c:d'])
})

t.test('what was configured can change afterwards without changing what roles grant', async (t) => {
  const permissions = ['text:read']
  const configured: Record<string, string[]> = { reader: permissions, admin: [] }
  const book = createRoleBook(configured)
  configured['admin'] = ['root:all']
  configured['other'] = ['root:all']
  t.strictSame(book.permissionsOf(['reader', 'other']), ['text:read'])
  t.strictSame(book.permissionsOf(['admin']), service)
})

t.test('a permission is two words of at most 40 characters together, and a role one of at most 40', async (t) => {
  const permission = new RegExp(PERMISSION_PATTERN)
  for (const name of [...SERVICE_PERMISSIONS, 'a:b', '0:1', 'a_b.c-d:e_f.g-h', `a:${'b'.repeat(38)}`])
    t.match(name, permission)
  for (const name of [
    '',
    'a',
    ':',
    'a:',
    ':b',
    'a:b:c',
    'A:b',
    'a:B',
    'a b',
    'a: b',
    'a:b ',
    ' a:b',
    'a:b\n',
    'a:b\0',
    'é:b',
    '-a:b',
    'a:-b',
    'a:"',
    'a:\\',
    `a:${'b'.repeat(39)}`
  ]) {
    t.notMatch(name, permission, JSON.stringify(name))
  }
  const role = new RegExp(ROLE_PATTERN)
  for (const name of [ADMIN, 'a', 'Z', 'a1', 'Head-of_IT.2', 'r'.repeat(40)]) t.match(name, role)
  for (const name of ['', '1a', '-a', '_a', '__proto__', 'a b', 'a,b', 'a:b', 'a\n', 'a\0', 'é', 'r'.repeat(41)]) {
    t.notMatch(name, role, JSON.stringify(name))
  }
})
