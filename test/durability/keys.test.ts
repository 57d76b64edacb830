import t from 'tap'
import { ADMIN_EMAIL, PASSWORD, ROOT_SECRET } from '../support/app.ts'
import { freshDatabase } from '../support/database.ts'
import { call, enter, run, startInstance } from '../support/instance.ts'
import { headerOf } from '../support/reading.ts'

t.setTimeout(300_000)
const NEWER_SECRET = 'a newer root secret for tests of more than 32 bytes'
const kidOf = (token: string) => String(headerOf(token)['kid'])

interface Key {
  readonly kid: string
  readonly algorithm: string
  readonly state: string
}

async function keysOf(settings: Readonly<Record<string, string>>): Promise<readonly Key[]> {
  const { code, stdout, stderr } = await run(['keys', 'list', '--json'], settings)
  if (code !== 0) throw new Error(stderr)
  return (JSON.parse(stdout) as { items: Key[] }).items
}

t.test('keys are listed, rotated and revoked from the command line', async (t) => {
  const settings = { DATABASE_URL: await freshDatabase(t) }
  const none = await run(['keys', 'list'], settings)
  t.strictSame([none.code, none.stdout], [0, 'There are no keys yet: the first start makes them.\n'])
  const first = await startInstance(t, settings)
  const { access, refresh } = await enter(first, ADMIN_EMAIL, PASSWORD)
  await first.end('SIGTERM')

  const next = (await keysOf(settings)).find(({ state, algorithm }) => state === 'next' && algorithm === 'ES256')
  const rotated = await run(['keys', 'rotate'], settings)
  t.equal(rotated.stdout, `${next?.kid} is the current key. Its algorithm is ES256.\n`, rotated.stderr)
  const revoked = await run(['keys', 'revoke', kidOf(access)], settings)
  t.equal(revoked.stdout, `${kidOf(access)} is revoked.\n`, revoked.stderr)
  const states = new Map((await keysOf(settings)).map(({ kid, state }) => [kid, state]))
  t.strictSame([states.get(kidOf(access)), states.get(next?.kid ?? '')], ['revoked', 'current'])
  const text = (await run(['keys', 'list'], settings)).stdout
  t.match(text, new RegExp(`^${kidOf(access)}  ES256  revoked  signs from 20.*Z, destroyed after 20.*Z$`, 'm'))
  t.match(text, /^[0-9a-f]{16} {2}EdDSA {2}next {5}signs nothing yet$/m)

  const again = await startInstance(t, settings)
  t.match(await call(again, 'GET', '/api/v1/users/me', undefined, access), {
    status: 401,
    body: { code: 'token_revoked' }
  })
  const renewed = await call(again, 'POST', '/api/v1/auth/refresh', { refresh_token: refresh })
  t.equal(kidOf(String(renewed.body['access_token'])), next?.kid, 'and nobody is signed out')
})

t.test(
  'keys are sealed anew under a newer root secret at the start, or by hand, and nobody is signed out',
  async (t) => {
    const settings = { DATABASE_URL: await freshDatabase(t) }
    const both = { ...settings, LATCHKEY_SECRET: `${NEWER_SECRET},${ROOT_SECRET}` }
    const newer = { ...settings, LATCHKEY_SECRET: NEWER_SECRET }
    const first = await startInstance(t, settings)
    const { access, refresh } = await enter(first, ADMIN_EMAIL, PASSWORD)
    await first.end('SIGTERM')
    const tooSoon = await run(['keys', 'rewrap'], newer)
    t.equal(tooSoon.code, 78)
    t.match(tooSoon.stderr, 'root secret')

    const rewrapped = await run(['keys', 'rewrap', '--json'], both)
    t.strictSame(JSON.parse(rewrapped.stdout), { rewrapped: 5 }, rewrapped.stderr)
    t.match((await run(['keys', 'rewrap'], both)).stdout, 'No keys were sealed anew')
    t.equal((await run(['keys', 'list'], settings)).code, 78, 'the old root secret opens them no more')
    const second = await startInstance(t, newer)
    t.equal((await call(second, 'GET', '/api/v1/users/me', undefined, access)).status, 200)
    t.equal((await call(second, 'POST', '/api/v1/auth/refresh', { refresh_token: refresh })).status, 200)
    await second.end('SIGTERM')

    const third = await startInstance(t, { ...settings, LATCHKEY_SECRET: `${ROOT_SECRET},${NEWER_SECRET}` })
    await third.end('SIGTERM')
    t.strictSame(JSON.parse((await run(['keys', 'rewrap', '--json'], settings)).stdout), { rewrapped: 0 })
  }
)
