import type { FastifyInstance } from 'fastify'

/** The access table as it stands in the reviewed file: one line a route. */
export const accessText = (app: FastifyInstance): string =>
  app.accessTable.map(({ method, url, guard }) => `${method.padEnd(9)} ${url.padEnd(40)} ${guard}\n`).join('')
