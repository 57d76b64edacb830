import { type Client, JWT_RESOURCE, SCOPE } from '../servers/issuing.ts'
import { contest, underLoad } from '../support/contest.ts'
import { createFleet, LOAD_CORE, SERVER_CORE, settingsOver, type Server } from '../support/fleet.ts'
import { formOf } from '../support/forms.ts'
import { ratioOf, spreadOf } from '../support/spread.ts'
import type { Cell, Suite } from '../support/suite.ts'

const SCALES = {
  full: { count: 3000, rounds: 12, warmUpRounds: 3 },
  quick: { count: 200, rounds: 2, warmUpRounds: 1 }
} as const
const AT_ONCE = 16

/** Of each side the name of its token route. */
const PATHS = {
  latchkey: '/oauth2/token',
  oidcProvider: '/token',
  plainInMemory: '/oauth2/token',
  plainInPostgres: '/oauth2/token'
} as const
type Side = keyof typeof PATHS

export default {
  about: [
    `A token by client credentials: \`POST\` of a form (\`grant_type\`, \`resource\`, \`scope\`) with \`client_secret_basic\`, answered by a JWT signed with ES256, ${AT_ONCE} requests at once on as many kept connections over TCP. One client, whose secret each side keeps as it does.`,
    'Latchkey is its production build over PostgreSQL with default settings, its line of log a request included. oidc-provider is in production mode on `node:http`, with resource indicators (JWT access tokens), its adapter in memory and its client in the configuration; it writes no log. Plain Fastify is what one writes first: a form parser, a schema, a SHA-256 of the secret, `@fastify/jwt`, no log and no other check; its client in a Map, or read by one prepared statement from the same PostgreSQL.',
    'Each server has one core, the load the other. Every answer is checked: its status, that the token has the form of a JWT, and the scope.'
  ],
  async run(scale) {
    const fleet = createFleet()
    try {
      const postgres = await fleet.postgres()
      const server = (file: string, env = {}) => fleet.server(file, { core: SERVER_CORE, env })
      const servers: Record<Side, Server> = {
        latchkey: await server('latchkey', settingsOver(postgres.url)),
        oidcProvider: await server('oidc-provider'),
        plainInMemory: await server('plain-token'),
        plainInPostgres: await server('plain-token', { DATABASE_URL: postgres.url })
      }
      const load = fleet.load({ core: LOAD_CORE })
      const turnOf = async (side: Side) => {
        const client = await servers[side].tell<Client>('client')
        const fields = { grant_type: 'client_credentials', resource: JWT_RESOURCE, scope: SCOPE }
        const holds = `"access_token":"[\\w-]+\\.[\\w-]+\\.[\\w-]{86}".*"scope":"${SCOPE}"`
        await load.prepare(side, [formOf(PATHS[side], client, fields, { status: 200, holds })])
        return underLoad(load, { port: servers[side].port, set: side, atOnce: AT_ONCE })
      }
      const rates = await contest(
        {
          latchkey: await turnOf('latchkey'),
          oidcProvider: await turnOf('oidcProvider'),
          plainInMemory: await turnOf('plainInMemory'),
          plainInPostgres: await turnOf('plainInPostgres')
        },
        SCALES[scale]
      )
      const row = (what: string, side: Side): readonly Cell[] => [
        what,
        spreadOf(rates[side]),
        ratioOf(rates[side], rates.oidcProvider)
      ]
      return [
        {
          title: 'Tokens a second',
          columns: ['', 'a second', 'beside oidc-provider'],
          rows: [
            row('Latchkey', 'latchkey'),
            row('oidc-provider', 'oidcProvider').with(-1, ''),
            row('plain Fastify, client in memory', 'plainInMemory'),
            row('plain Fastify, client in PostgreSQL', 'plainInPostgres')
          ]
        }
      ]
    } finally {
      await fleet.stop()
    }
  }
} satisfies Suite
