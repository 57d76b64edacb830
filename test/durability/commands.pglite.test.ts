// What commands are given and what they say to it: that is the same whatever the database is.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { freshDatabase } from '../support/database.ts'
import { run } from '../support/instance.ts'
import { scratchPrefix } from '../support/scratch.ts'

t.setTimeout(300_000)

t.test('settings that are wrong are all named, and so are commands and flags', async (t) => {
  const { code, stderr } = await run(['serve'], {
    PORT: 'x',
    LOG_LEVEL: 'loud',
    ACCESS_TOKEN_TTL: '2h',
    DATABASE_URL: 'mysql://localhost/x'
  })
  t.equal(code, 78)
  for (const name of ['PORT: got "x"', 'LOG_LEVEL: got "loud"', 'ACCESS_TOKEN_TTL: got "2h"', 'DATABASE_URL: got'])
    t.match(stderr, name)
  t.equal((await run(['sevre'], {})).code, 64)
  t.equal((await run(['migrate', '--force'], {})).code, 64)
  t.match((await run(['--help'], {})).stdout, 'latchkey admin create')
})

t.test('what a command on keys does not take, lacks or does not find is said', async (t) => {
  const settings = { DATABASE_URL: await freshDatabase(t) }
  for (const [args, code, said] of [
    [['keys', 'revoke'], 64, 'needs KID'],
    [['keys', 'revoke', 'a', 'b'], 64, "does not take 'b'"],
    [['keys', 'rotate', 'a'], 64, "does not take 'a'"],
    [['keys', 'list', '--all'], 64, '--all'],
    [['keys'], 64, "no command 'keys'"],
    [['keys', 'revoke', '0123456789abcdef'], 1, 'no signing key 0123456789abcdef']
  ] as const) {
    const ended = await run(args, settings)
    t.equal(ended.code, code, args.join(' '))
    t.match(ended.stderr, said)
  }
  t.match((await run(['--help'], {})).stdout, 'latchkey keys revoke KID')
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
