import { subscribe } from 'node:diagnostics_channel'
import SerializerSelector from '@fastify/fast-json-stringify-compiler'
import type { FastifyInstance, RouteOptions } from 'fastify'
import t from 'tap'
import { validatorBuilder } from '../src/http/validation.ts'
import { startApp } from './support/app.ts'

/** Routes as they are declared, each with the scope that it is declared in. */
const routes: { readonly scope: FastifyInstance; readonly route: RouteOptions }[] = []
subscribe('fastify.initialization', (message) => {
  const { fastify } = message as { readonly fastify: FastifyInstance }
  fastify.addHook('onRoute', function (route) {
    routes.push({ scope: this, route })
  })
})
const service = await startApp(t)
const schemas = routes.flatMap(({ scope, route }) =>
  scope.server === service.app.server && route.schema !== undefined ? [{ scope, ...route, schema: route.schema }] : []
)

t.test('whatever the service takes can be judged', async (t) => {
  let judged = 0
  for (const { scope, method, url, schema } of schemas) {
    const compile = validatorBuilder()(scope.getSchemas(), {})
    const { params, querystring, body, headers } = schema
    for (const [httpPart, part] of Object.entries({ params, querystring, body, headers })) {
      if (part === undefined) continue
      const check = compile({ schema: part, method: String(method), url, httpPart }) as unknown as (
        data: unknown
      ) => object
      t.match(Object.keys(check({})), /^(value|error)$/, `${httpPart} of ${String(method)} ${url}`)
      judged += 1
    }
  }
  t.ok(judged > 30, `${judged} schemas`)
})

t.test('whatever the service answers can be written, although no start waits for that', async (t) => {
  let written = 0
  for (const { scope, method, url, schema } of schemas) {
    const compile = SerializerSelector()(scope.getSchemas(), undefined)
    for (const [httpStatus, answer] of Object.entries((schema.response ?? {}) as Record<string, object>)) {
      const contents = 'content' in answer ? Object.values(answer.content as Record<string, { schema: object }>) : []
      for (const part of contents.length > 0 ? contents.map((one) => one.schema) : [answer]) {
        t.type(
          compile({ schema: part, method: String(method), url, httpStatus }),
          'function',
          `${httpStatus} of ${url}`
        )
        written += 1
      }
    }
  }
  t.ok(written > 100, `${written} schemas`)
})
