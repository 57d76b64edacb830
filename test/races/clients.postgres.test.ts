import t from 'tap'
import { ADMIN_EMAIL, PASSWORD } from '../support/app.ts'
import { assertionOf, byAssertion, makeAssertionKey } from '../support/assertions.ts'
import { CLIENTS, GRANT, type ClientShape, type Fields } from '../support/clients.ts'
import { freshDatabase } from '../support/database.ts'
import { holdBack } from '../support/hold-back.ts'
import { call, enter, startInstance, type Instance } from '../support/instance.ts'

t.setTimeout(300_000)
const ROUNDS = 50

// Two processes over one database: the races are between processes.
const settings = {
  DATABASE_URL: await freshDatabase(t, { engine: 'postgres' }),
  DATABASE_POOL_SIZE: '10',
  DATABASE_TIMEOUT: '30s',
  RATE_LIMIT: 'off'
}
const holdSecrets = holdBack(t, settings.DATABASE_URL, 'client_secrets')
const holdAssertions = holdBack(t, settings.DATABASE_URL, 'used_assertions')
const one = await startInstance(t, settings)
const two = await startInstance(t, settings)
const on = (i: number) => (i % 2 === 0 ? one : two)
const { access: admin } = await enter(one, ADMIN_EMAIL, PASSWORD)
const asAdmin = (instance: Instance, method: string, path: string, body?: unknown) =>
  call(instance, method, `${CLIENTS}${path}`, body, admin)

async function newClient(body: object = {}) {
  const made = await asAdmin(one, 'POST', '', { name: 'racing', permissions: ['users:read'], ...body })
  if (made.status !== 201) throw new Error(`client: ${made.status}`)
  return { id: String(made.body['client_id']), secret: String(made.body['client_secret']) }
}
const secretsOf = async (id: string) => {
  const { body } = await asAdmin(two, 'GET', `/${id}`)
  return (body['secrets'] as ClientShape['secrets']).length
}

/** Asks for a token; null where it is refused. */
async function token(instance: Instance, fields: Fields): Promise<string | null> {
  const response = await fetch(`${instance.url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({ ...GRANT, ...fields })
  })
  const body = (await response.json()) as Readonly<Record<string, unknown>>
  if (response.status === 200) return String(body['access_token'])
  if (response.status !== 401) throw new Error(`token: ${response.status} ${JSON.stringify(body)}`)
  return null
}

t.test('however many secrets are added at the same instant, two are valid', async (t) => {
  const outcomes = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await newClient()
    if (round % 2 === 1) {
      const { body } = await asAdmin(one, 'GET', `/${id}`)
      await asAdmin(one, 'DELETE', `/${id}/secrets/${String((body['secrets'] as ClientShape['secrets'])[0]?.id)}`)
    }
    const replies = await holdSecrets.letGoAtOnce('table', 8, () =>
      Promise.all(Array.from({ length: 8 }, (_, i) => asAdmin(on(i), 'POST', `/${id}/secrets`)))
    )
    const added = replies.filter(({ status }) => status === 201).length
    const refused = replies.filter(({ body }) => body['code'] === 'too_many_secrets').length
    outcomes.add(`${1 - (round % 2)} before, ${added} added, ${refused} refused, ${await secretsOf(id)} there`)
  }
  t.strictSame([...outcomes].sort(), ['0 before, 2 added, 6 refused, 2 there', '1 before, 1 added, 7 refused, 2 there'])
})

t.test('an assertion that comes to several instances at the same instant is taken once', async (t) => {
  const key = makeAssertionKey('ES256')
  const { id } = await newClient({ public_jwk: key.publicJwk })
  const outcomes = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const fields = byAssertion(assertionOf(key, id))
    const replies = await holdAssertions.letGoAtOnce('table', 6, () =>
      Promise.all(Array.from({ length: 6 }, (_, i) => token(on(i), fields)))
    )
    outcomes.add(`${replies.filter((reply) => reply !== null).length} of ${replies.length}`)
  }
  t.strictSame([...outcomes], ['1 of 6'], `in ${ROUNDS} rounds`)
})

/** What takes a right away, and what a token is worth that was asked for meanwhile. */
const TAKING: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
  disabling: (id) => asAdmin(one, 'PATCH', `/${id}`, { disabled: true }),
  deleting: (id) => asAdmin(one, 'DELETE', `/${id}`),
  'taking a permission': (id) => asAdmin(one, 'PATCH', `/${id}`, { permissions: [] })
}
/** Entries reach the other instance by themselves; that they do so in time is shown elsewhere. */
const announced = () => new Promise((resolve) => setTimeout(resolve, 250))

for (const [what, take] of Object.entries(TAKING)) {
  t.test(`${what} while tokens are asked for leaves none that does what was taken`, async (t) => {
    const alive: string[] = []
    let issued = 0
    for (let round = 0; round < ROUNDS; round++) {
      const client = await newClient()
      const fields = { client_id: client.id, client_secret: client.secret }
      const [, ...tokens] = await Promise.all([
        round % 3 === 0 ? take(client.id) : new Promise((resolve) => setImmediate(resolve)).then(() => take(client.id)),
        ...Array.from({ length: 6 }, (_, i) => token(on(i), fields))
      ])
      await announced()
      for (const each of tokens) {
        if (each === null) continue
        issued++
        for (const instance of [one, two]) {
          const { status } = await call(instance, 'GET', '/api/v1/users?limit=1', undefined, each)
          if (status === 200) alive.push(`round ${round}`)
        }
      }
    }
    t.strictSame(alive, [], `in ${ROUNDS} rounds`)
    t.ok(issued > 0, `of ${issued} tokens`)
  })
}

t.test('none of that was a deadlock', async (t) => {
  for (const instance of [one, two]) t.equal(await instance.end('SIGTERM'), 0)
  await holdAssertions.close()
  t.equal(await holdSecrets.deadlocks(), 0)
})
