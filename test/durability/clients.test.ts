import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freshDatabase } from '../support/database.ts'
import { run, startInstance } from '../support/instance.ts'
import { scratchPrefix } from '../support/scratch.ts'

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

t.test('a client has a public key from a file, where it is a sound one', async (t) => {
  const settings = { DATABASE_URL: await freshDatabase(t) }
  const folder = mkdtempSync(scratchPrefix())
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const fileOf = (name: string, content: string) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const create = ['client', 'create', '--name', 'signer', '--permissions', 'a:b', '--json', '--public-jwk-file']
  const good = fileOf('public.json', JSON.stringify(publicKey.export({ format: 'jwk' })))
  t.match(JSON.parse((await run([...create, good], settings)).stdout), { public_jwk: { crv: 'Ed25519', alg: 'EdDSA' } })
  for (const [path, said] of [
    [fileOf('private.json', JSON.stringify(privateKey.export({ format: 'jwk' }))), 'holds the private member d'],
    [fileOf('broken.json', '{'), 'cannot be read as JSON'],
    [join(folder, 'missing.json'), 'cannot be read as JSON']
  ] as const) {
    const { code, stdout, stderr } = await run([...create, path], settings)
    t.strictSame([code, stdout], [1, ''], said)
    t.match(stderr, said)
  }
})

t.test('what a command on clients does not take, lacks or does not find is said', async (t) => {
  const settings = { DATABASE_URL: await freshDatabase(t) }
  const nobody = '01942d3c-7a5e-7c10-9f3b-2a6d7e8f9a01'
  const create = ['client', 'create', '--name']
  for (const [args, code, said] of [
    [['client', 'create'], 64, 'needs --name N'],
    [[...create, 'x'], 64, 'needs --permissions a:b,c:d'],
    [[...create, 'x', '--permissions', 'Nope'], 1, "'Nope' is not"],
    [[...create, '', '--permissions', 'a:b'], 1, 'name is 1 to 100 characters'],
    [[...create, 'x', '--permissions', 'a:b', '--audiences', 'two words'], 1, 'visible ASCII'],
    [['client', 'disable'], 64, 'needs ID'],
    [['client', 'disable', nobody], 1, `no client ${nobody}`],
    [['client', 'rotate-secret', 'x'], 1, 'no client x'],
    [['client', 'list', 'x'], 64, "does not take 'x'"]
  ] as const) {
    const { code: ended, stderr, stdout } = await run(args, settings)
    t.strictSame([ended, stdout], [code, ''], args.join(' '))
    t.match(stderr, said)
  }
})
