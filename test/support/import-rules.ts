import { dirname, join } from 'node:path/posix'
import ts from 'typescript'

/** The rooms of the house, and whom the files of each may ask beside their own. What is not listed is not allowed. */
const ROOMS = {
  app: ['plugins', 'routes', 'config', 'db', 'domain', 'http', 'version'],
  server: ['app', 'config', 'db', 'domain', 'http', 'version'],
  cli: ['app', 'server', 'plugins', 'config', 'db', 'domain', 'http', 'version'],
  plugins: ['config', 'db', 'domain', 'http', 'remote'],
  routes: ['domain', 'http'],
  db: ['drizzle', 'domain'],
  http: ['domain'],
  config: ['domain'],
  remote: ['domain'],
  drizzle: [],
  domain: [],
  version: []
} as const satisfies Record<string, readonly string[]>

type Room = keyof typeof ROOMS

const FASTIFY = /^(fastify|fastify-plugin|@fastify\/.+)$/
const DATABASE = /^(drizzle-orm|postgres|@electric-sql\/pglite)$/

/** Packages that a room has no business with, whatever the project depends on. */
const STRANGERS: Partial<Record<Room, readonly RegExp[]>> = {
  domain: [FASTIFY, DATABASE],
  config: [FASTIFY, DATABASE],
  remote: [FASTIFY, DATABASE],
  drizzle: [FASTIFY],
  db: [FASTIFY],
  http: [DATABASE],
  routes: [DATABASE]
}

const LINES = 200
const SETTINGS_READER = 'src/config.ts'

interface Import {
  readonly line: number
  /** `null` where the name is computed, and nobody can say before the code runs what it will be. */
  readonly specifier: string | null
  /** It leaves no trace in the JavaScript. */
  readonly typeOnly: boolean
}

/**
 * What is wrong with the imports of one file, a sentence each.
 * @param path from the root of the project, with slashes
 * @param dependencies names of the packages that are there in production
 */
export function wrongImports(path: string, source: string, dependencies: ReadonlySet<string>): readonly string[] {
  const room = roomOf(path)
  if (room === null) return [`${path} is in no room: give it one in test/support/import-rules.ts`]
  return importsOf(parse(path, source)).flatMap(({ line, specifier, typeOnly }) => {
    const at = `${path}:${line}`
    if (specifier === null) return [`${at} imports what is only known when it runs`]
    const why = specifier.startsWith('.')
      ? wrongRoom(room, join(dirname(path), specifier))
      : wrongPackage(room, specifier, typeOnly, dependencies)
    return why === null ? [] : [`${at} imports '${specifier}': ${why}`]
  })
}

/** Where a file other than the one that may asks for the environment. */
export function environmentReads(path: string, source: string): readonly string[] {
  if (path === SETTINGS_READER) return []
  const file = parse(path, source)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (readsEnvironment(node)) found.push(`${path}:${lineOf(file, node)} reads process.env`)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** A file that is longer than it should be is two files. */
export function tooLong(path: string, source: string): readonly string[] {
  const lines = source.trimEnd().split('\n').length
  return lines > LINES ? [`${path} has ${lines} lines`] : []
}

function roomOf(path: string): Room | null {
  const name = /^src\/(\w+)(?:\/.+)?\.ts$/.exec(path)?.[1] ?? /^(plugins|routes|drizzle)\/.+\.ts$/.exec(path)?.[1]
  return name !== undefined && isRoom(name) ? name : null
}

const isRoom = (name: string): name is Room => Object.hasOwn(ROOMS, name)

function wrongRoom(room: Room, target: string): string | null {
  const other = roomOf(target)
  if (other === null) return 'that is in no room'
  const allowed: readonly string[] = ROOMS[room]
  return other === room || allowed.includes(other) ? null : `${room} may not import from ${other}`
}

function wrongPackage(
  room: Room,
  specifier: string,
  typeOnly: boolean,
  dependencies: ReadonlySet<string>
): string | null {
  if (specifier.startsWith('node:')) return null
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  if (STRANGERS[room]?.some((stranger) => stranger.test(name)) === true) return `${room} may not know of ${name}`
  return typeOnly || dependencies.has(name) ? null : `${name} is not among the dependencies in package.json`
}

function parse(path: string, source: string): ts.SourceFile {
  return ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS)
}

function importsOf(file: ts.SourceFile): readonly Import[] {
  const found: Import[] = []
  const add = (node: ts.Node, name: ts.Node | undefined, typeOnly: boolean): void => {
    const specifier = name !== undefined && ts.isStringLiteralLike(name) ? name.text : null
    found.push({ line: lineOf(file, node), specifier, typeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, isTypeOnly(node.importClause))
    else if (ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier !== undefined) add(node, node.moduleSpecifier, node.isTypeOnly)
    } else if (ts.isExternalModuleReference(node)) add(node, node.expression, false)
    else if (ts.isImportTypeNode(node))
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true)
    // To add to another module's types is to know of it.
    else if (ts.isModuleDeclaration(node) && ts.isStringLiteral(node.name)) add(node, node.name, true)
    else if (ts.isCallExpression(node) && isImportCall(node)) add(node, node.arguments[0], false)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  return clause?.phaseModifier === ts.SyntaxKind.TypeKeyword
}

function isImportCall({ expression }: ts.CallExpression): boolean {
  return (
    expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(expression) && expression.text === 'require')
  )
}

function readsEnvironment(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return node.name.text === 'env' && isProcess(node.expression)
  if (ts.isElementAccessExpression(node)) {
    return (
      ts.isStringLiteralLike(node.argumentExpression) &&
      node.argumentExpression.text === 'env' &&
      isProcess(node.expression)
    )
  }
  // const { env } = process
  if (ts.isVariableDeclaration(node) && node.initializer !== undefined && isProcess(node.initializer)) {
    return ts.isObjectBindingPattern(node.name) && node.name.elements.some((element) => nameOf(element) === 'env')
  }
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const named = node.importClause?.namedBindings
    if (!/^(node:)?process$/.test(node.moduleSpecifier.text) || named === undefined) return false
    return ts.isNamedImports(named) && named.elements.some((element) => nameOf(element) === 'env')
  }
  return false
}

function isProcess(node: ts.Expression): boolean {
  if (ts.isPropertyAccessExpression(node)) return node.name.text === 'process'
  return ts.isIdentifier(node) && node.text === 'process'
}

const nameOf = ({ propertyName, name }: ts.BindingElement | ts.ImportSpecifier) => (propertyName ?? name).getText()

const lineOf = (file: ts.SourceFile, node: ts.Node) => file.getLineAndCharacterOfPosition(node.getStart()).line + 1
