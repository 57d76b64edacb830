import t from 'tap'
import { freshDatabase } from '../support/database.ts'
import { run, startInstance } from '../support/instance.ts'

t.setTimeout(300_000)

interface Made {
  readonly client_id: string
  readonly client_secret: string
}

const askFor = async (url: string, { client_id: id, client_secret: secret }: Made, more = {}) =>
  (
    await fetch(`${url}/oauth2/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...more })
    })
  ).status

t.test('clients are made, given another secret, listed and disabled from the command line', async (t) => {
  const settings = { DATABASE_URL: await freshDatabase(t) }
  t.equal((await run(['client', 'list'], settings)).stdout, 'There are no clients yet.\n')
  const create = ['client', 'create', '--name', 'billing', '--permissions', 'users:read,invoices:write', '--json']
  const made = JSON.parse((await run([...create, '--audiences', 'ledger'], settings)).stdout) as Made
  t.match(made, { name: 'billing', permissions: ['invoices:write', 'users:read'], audiences: ['ledger'] })
  t.match(made.client_secret, /^lks_[\w-]{43}$/)

  const rotate = async () =>
    JSON.parse((await run(['client', 'rotate-secret', made.client_id, '--json'], settings)).stdout) as Made
  const second = { ...made, ...(await rotate()) }
  const serving = await startInstance(t, settings)
  t.strictSame(
    [await askFor(serving.url, made), await askFor(serving.url, second, { resource: 'ledger' })],
    [200, 200],
    'both secrets are good'
  )
  await serving.end('SIGTERM')

  const third = { ...made, ...(await rotate()) }
  const again = await startInstance(t, settings)
  t.strictSame(
    [await askFor(again.url, made), await askFor(again.url, second), await askFor(again.url, third)],
    [401, 200, 200],
    'of two, the older one went'
  )
  await again.end('SIGTERM')

  t.equal((await run(['client', 'disable', made.client_id], settings)).stdout, 'The client billing is disabled.\n')
  const listed = (await run(['client', 'list'], settings)).stdout
  t.equal(listed, `${made.client_id}  billing  invoices:write,users:read  2 secrets  disabled\n`)
  const after = await startInstance(t, settings)
  t.equal(await askFor(after.url, third), 401)
})
