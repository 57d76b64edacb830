import { rm, symlink, writeFile } from 'node:fs/promises'
import t from 'tap'
import { PASSWORD } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { call, run, startInstance } from '../support/instance.ts'
import { keysIn, KEYS_OF_A_START } from '../support/key-count.ts'

t.setTimeout(300_000)
const folderOf = (url: string) => url.slice('pglite:'.length)
const OTHER_SECRET = 'another root secret for tests of more than 32 bytes'

t.test('a second process is kept out of the folder of an embedded database, until the first is gone', async (t) => {
  const settings = { DATABASE_URL: await freshDatabase(t, { engine: 'pglite' }) }
  const link = `${folderOf(settings.DATABASE_URL)}-link`
  await symlink(folderOf(settings.DATABASE_URL), link)
  t.teardown(() => rm(link))
  const first = await startInstance(t, settings)
  for (const args of [['serve'], ['migrate'], ['admin', 'create', '--email', 'a@example.com']]) {
    const { code, stderr } = await run(args, settings, PASSWORD)
    t.equal(code, 75, args.join(' '))
    t.match(stderr, `process ${first.process.pid}`)
  }
  t.equal((await run(['migrate'], { DATABASE_URL: `pglite:${link}` })).code, 75, 'by another name')
  t.equal((await call(first, 'GET', '/health/ready')).status, 200)
  await first.end('SIGKILL')
  const made = await run(['admin', 'create', '--email', 'a@example.com', '--json'], settings, `${PASSWORD}\n`)
  t.equal(made.code, 0, made.stderr)
  t.match(JSON.parse(made.stdout), { email: 'a@example.com', roles: ['admin'] })
  const again = await run(['admin', 'create', '--email', 'A@example.com'], settings, PASSWORD)
  t.equal(again.code, 1)
  t.match(again.stderr, 'not promoted')
})

t.test('a wrong or a missing root secret refuses to start, and makes no key anew', async (t) => {
  const url = await freshDatabase(t, { engine: 'pglite' })
  const instance = await startInstance(t, { DATABASE_URL: url })
  await instance.end('SIGTERM')
  const keys = await keysIn(url)
  t.equal(keys, KEYS_OF_A_START)
  // A kind of key that is missing is not made either: sealed under the wrong secret, it would keep the right one out.
  for (const more of [{}, { JWT_ALGORITHM: 'EdDSA' }]) {
    const wrong = await run(['serve'], { DATABASE_URL: url, LATCHKEY_SECRET: OTHER_SECRET, ...more })
    t.equal(wrong.code, 78)
    t.match(wrong.stderr, 'root secret')
    t.equal(await keysIn(url), keys)
  }
})

t.test('the root secret that was made at the first start is not made again when it is gone', async (t) => {
  const url = await freshDatabase(t, { engine: 'pglite' })
  const own = { DATABASE_URL: url, LATCHKEY_SECRET: undefined }
  await (await startInstance(t, own)).end('SIGTERM')
  await (await startInstance(t, own)).end('SIGTERM')
  await rm(`${folderOf(url)}.secret`)
  const { code, stderr } = await run(['serve'], own)
  t.equal(code, 78)
  t.match(stderr, '.secret is missing')
  t.equal(await keysIn(url), KEYS_OF_A_START)
})

t.test('a root secret that is empty, as a full disk leaves it, seals nothing', async (t) => {
  const url = await freshDatabase(t, { engine: 'pglite' })
  await writeFile(`${folderOf(url)}.secret`, '\n')
  const { code, stderr } = await run(['serve'], { DATABASE_URL: url, LATCHKEY_SECRET: undefined })
  t.equal(code, 78)
  t.match(stderr, '.secret is empty')
  t.equal(await keysIn(url), 0)
})

t.test(
  'an account that has the address of the first administrator is not promoted: the start is refused',
  async (t) => {
    const url = await freshDatabase(t, { engine: 'pglite' })
    const nobody = { BOOTSTRAP_ADMIN_EMAIL: undefined, BOOTSTRAP_ADMIN_PASSWORD: undefined }
    const instance = await startInstance(t, { DATABASE_URL: url, ...nobody })
    await call(instance, 'POST', '/api/v1/auth/register', { email: 'ROOT@example.com', password: PASSWORD })
    await instance.end('SIGTERM')
    const { code, stderr } = await run(['serve'], { DATABASE_URL: url })
    t.equal(code, 78)
    t.match(stderr, 'not promoted')
  }
)
