// PGlite alone, over the folder and with the settings of the service: a server that is ready once `select 1` was answered.
import { createServer } from 'node:http'
import { PGlite } from '@electric-sql/pglite'

const database = await PGlite.create({
  dataDir: process.env.FOLDER,
  postgresqlconf: ['shared_buffers = 16MB', 'max_connections = 10']
})
await database.query('select 1')
const server = createServer((_request, response) => {
  response.end('ok')
})
server.listen(Number(process.env.PORT), '127.0.0.1')
process.once('SIGTERM', async () => {
  await database.close()
  process.exit()
})
