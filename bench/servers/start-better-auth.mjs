// better-auth as its documentation sets it up, with sign-in by password, over its adapter for a database in memory.
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'

const auth = betterAuth({
  baseURL: 'http://localhost:3000',
  secret: 'a root secret for benchmarks of more than 32 bytes',
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false }
})
createServer(toNodeHandler(auth)).listen(Number(process.env.PORT), '127.0.0.1')
