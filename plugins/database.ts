import fp from 'fastify-plugin'
import type { Database, DatabaseOptions } from '../src/db/database.ts'
import { openDatabase } from '../src/db/open.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly database: Database
  }
}

/** Opens the database and brings its schema up to date. */
export default fp(
  async (app, options: DatabaseOptions) => {
    const database = await openDatabase(options)
    app.addHook('onClose', () => database.close())
    await database.migrate()
    app.decorate('database', database)
  },
  { name: 'database', fastify: '5.x' }
)
