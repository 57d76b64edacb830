import t from 'tap'
import { signInAdmin, startApp, type TestApp } from '../support/app.ts'
import type { ClientShape } from '../support/clients.ts'
import { readFeed, type FeedEvent } from '../support/feed.ts'

t.setTimeout(120_000)
const app = await startApp(t)
const url = await app.app.listen({ host: '127.0.0.1', port: 0 })
const { accessToken: admin } = await signInAdmin(app)

interface Client {
  readonly id: string
  readonly token: string
}

async function newClient(app: TestApp, permissions: readonly string[]): Promise<Client> {
  const made = await app.send('POST', '/api/v1/clients', { token: admin, body: { name: 'reader', permissions } })
  const { client_id: id, client_secret: secret } = made.json<{ client_id: string; client_secret: string }>()
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret }
  const { access_token: token } = (await app.send('POST', '/oauth2/token', { form })).json<{ access_token: string }>()
  return { id, token }
}

const isBeat = ({ event }: FeedEvent) => event === 'heartbeat'
const change = (id: string, body: object) => app.send('PATCH', `/api/v1/clients/${id}`, { token: admin, body })

t.test('a client with revocations:read follows the feed, and hears what becomes of other clients', async (t) => {
  const [reading, other] = [await newClient(app, ['revocations:read']), await newClient(app, ['a:b', 'c:d'])]
  const reader = await readFeed(url, reading.token)
  await reader.find(isBeat)
  await change(other.id, { permissions: ['a:b'] })
  const { until: _until, ...stale } = (await reader.find(({ data }) => data['id'] === other.id)).data
  t.strictSame(stale, { kind: 'client', id: other.id, stale_below: 2 })
  await change(other.id, { disabled: true })
  t.match((await reader.find(({ data }) => data['revoked_below'] !== undefined)).data, {
    kind: 'client',
    id: other.id,
    revoked_below: 3
  })
  reader.leave()
})

t.test(
  'a change that takes nothing from tokens is told with a floor that no token is below, and ends no stream',
  async (t) => {
    const { id, token } = await newClient(app, ['revocations:read'])
    const reader = await readFeed(url, token)
    await reader.find(isBeat)
    const about = () => reader.events.filter(({ data }) => data['id'] === id).map(({ data }) => data)
    await change(id, { name: 'other', permissions: ['revocations:read', 'a:b'] })
    const { secrets } = (await app.send('GET', `/api/v1/clients/${id}`, { token: admin })).json<ClientShape>()
    await app.send('DELETE', `/api/v1/clients/${id}/secrets/${secrets[0]?.id ?? ''}`, { token: admin })
    const other = await newClient(app, ['a:b'])
    await change(other.id, { permissions: [] })
    await reader.find(({ data }) => data['id'] === other.id)
    t.ok(about().length > 0, 'what is true may be said')
    for (const { until: _until, ...entry } of about()) t.strictSame(entry, { kind: 'client', id, stale_below: 1 })
    t.equal((await app.send('GET', '/api/v1/users/me', { token })).statusCode, 403, 'the token is as good as before')
    await change(id, { permissions: [] })
    t.equal(await reader.ended, 'ended', 'and the stream went on until it may not be read any more')
    t.strictSame(about().at(-1)?.['stale_below'], 2)
  }
)

t.test('the stream ends when the client may no longer read it', async (t) => {
  for (const body of [{ permissions: [] }, { disabled: true }]) {
    const { id, token } = await newClient(app, ['revocations:read'])
    const reader = await readFeed(url, token)
    await reader.find(isBeat)
    await change(id, body)
    t.equal(await reader.ended, 'ended', JSON.stringify(body))
    t.equal((await app.send('GET', '/oauth2/revocations', { token })).statusCode, 401)
  }
})

t.test('a client without the permission does not read it', async (t) => {
  const { token } = await newClient(app, ['users:read'])
  t.equal((await app.send('GET', '/oauth2/revocations', { token })).statusCode, 403)
})
