import type { FastifyInstance } from 'fastify'

/** A route as the router has it, whoever declared it and wherever. */
export interface ServedRoute {
  readonly methods: readonly string[]
  readonly url: string
  /** Names of the functions that run at onRequest, in order. Known once the app is ready. */
  readonly hooks: readonly string[]
}

/** `│   ├── users (GET, HEAD)`: indentation, branch if the line is a node of its own, text. */
const LINE = /^((?:[│ ] {3})*)([├└]── )?(.*)$/u
const METHODS = / \(([A-Z-]+(?:, [A-Z-]+)*)\)(?: \{.*\})?$/u
const HOOKS = /^• \(onRequest\) (\[.*\])$/u

/**
 * Every route of the app, also those that no onRoute hook saw. Fastify shows the router's content only as a printed tree
 * (one level for each common prefix, so that nothing is lost: with `commonPrefix: false` it drops one of `/a/*` and `/b/*`).
 */
export function servedRoutes(app: Pick<FastifyInstance, 'printRoutes'>): readonly ServedRoute[] {
  const routes: { methods: string[]; url: string; hooks: string[] }[] = []
  const path: string[] = []
  for (const line of app.printRoutes({ includeMeta: ['onRequest'] }).split('\n')) {
    const [, indentation = '', branch, text = ''] = LINE.exec(line) ?? []
    const hooks = HOOKS.exec(text)?.[1]
    if (hooks !== undefined) {
      routes.at(-1)?.hooks.push(...names(JSON.parse(hooks)))
      continue
    }
    const methods = METHODS.exec(text)
    if (branch !== undefined) {
      path.length = indentation.length / 4
      path.push(text.slice(0, methods?.index ?? text.length).replace('(empty root node)', ''))
    }
    if (methods?.[1] !== undefined) routes.push({ methods: methods[1].split(', '), url: path.join(''), hooks: [] })
  }
  return routes
}

function names(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((name) => typeof name === 'string') : []
}
