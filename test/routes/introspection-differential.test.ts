import t, { type Test } from 'tap'
import { verifyToken } from '../../src/domain/verify-token.ts'
import { signInAdmin, startApp } from '../support/app.ts'
import { introspect, makeClient } from '../support/clients.ts'
import { createRandom } from '../support/random.ts'
import { claimsOf } from '../support/reading.ts'
import { holdersOf } from '../support/token-holders.ts'
import { changedIn, mutated, spoiltIn, type Tampered } from '../support/tampered.ts'

// Introspection can never disagree with verification: a service that asks and one that verifies by itself are told the same.

t.setTimeout(240_000)
const ISSUER = 'http://localhost:3000'
const AUDIENCE = 'latchkey-api'
const app = await startApp(t, { RATE_LIMIT: 'off' })
const { accessToken: admin } = await signInAdmin(app)
const asker = await makeClient(app, admin, { permissions: ['tokens:introspect', 'tokens:revoke'] })
const now = () => Math.floor(Date.now() / 1000)

/** Whom a token says that it is for; empty where it says nothing that can be read. */
function audiencesOf(token: string): readonly string[] {
  try {
    const { aud } = claimsOf(token)
    return [aud].flat().filter((one) => typeof one === 'string')
  } catch {
    return []
  }
}

/** What a guard, introspection, and a verifier that the token is meant for, make of it. */
async function verdictsOn(token: string) {
  const guarded = await app.send('GET', '/api/v1/users?limit=1', { token })
  if (![200, 400, 401, 403].includes(guarded.statusCode)) throw new Error(`${guarded.statusCode} for ${token}`)
  const answer = await introspect(app, asker, token)
  if (answer.statusCode !== 200) throw new Error(`introspect: ${answer.statusCode} for ${token}`)
  const { active, token_type: _type, ...said } = answer.json<{ active: boolean; token_type?: string }>()
  const [audience = AUDIENCE] = audiencesOf(token)
  const { keys, revocations } = app.app
  const verdict = verifyToken({ issuer: ISSUER, audience, keys, revocations, now: revocations.now }, token)
  return { accepted: guarded.statusCode === 200 || guarded.statusCode === 403, active, said, good: verdict.good }
}

/** How the three differ about a token; null where they do not. */
async function difference(token: string): Promise<string | null> {
  const { accepted, active, said, good } = await verdictsOn(token)
  if (active !== good) return `active ${active}, verified ${good}`
  const meantForUs = audiencesOf(token).includes(AUDIENCE)
  if (accepted !== (active && meantForUs)) return `active ${active}, accepted ${accepted}`
  if (!active) return Object.keys(said).length === 0 ? null : 'not active, and more is said'
  const claims = claimsOf(token)
  const lies = Object.entries(said).filter(([name, value]) => JSON.stringify(claims[name]) !== JSON.stringify(value))
  return lies.length === 0 ? null : `it does not say ${lies.join()}`
}

const HOLDERS = holdersOf(app, admin, asker)
/** Those whose tokens are spoilt in every way, too. */
const SPOILT = [
  'a user',
  'a service',
  'a service that asked for another audience',
  'a service that took its token back'
]

async function agree(t: Test, tokens: Tampered): Promise<number> {
  const differences: string[] = []
  let count = 0
  for (const [what, token] of tokens) {
    const found = await difference(token)
    if (found !== null) differences.push(`${what}: ${found}`)
    count++
  }
  t.strictSame(differences, [])
  return count
}

for (const [who, [good, make]] of Object.entries(HOLDERS)) {
  t.test(
    `of ${who} a guard, introspection and a verifier say the same, whatever is changed in the token`,
    async (t) => {
      const token = await make()
      const { signing } = app.app.keys
      t.equal((await verdictsOn(token)).active, good)
      t.ok((await agree(t, changedIn(token, signing, now()))) > 20)
      if (SPOILT.includes(who)) t.ok((await agree(t, spoiltIn(token, signing))) > 200)
    }
  )
}

t.test('nor do they differ about tokens that were changed at random', async (t) => {
  const random = createRandom(7662)
  for (const who of SPOILT) {
    const token = await tokenOf(who)
    t.equal(
      await agree(
        t,
        Array.from({ length: 100 }, () => [token, mutated(random, token)] as const)
      ),
      100
    )
  }
})

t.test('nor when the key is replaced, and when it is revoked', async (t) => {
  const tokens: (readonly [string, string])[] = []
  for (const who of SPOILT) tokens.push([who, await tokenOf(who)])
  const before = app.app.keys.signing
  t.equal((await app.send('POST', '/api/v1/keys/rotate', { token: admin })).statusCode, 201)
  t.equal(await agree(t, tokens), 4)
  t.strictSame(await activeOf(tokens), [true, true, true, false])
  t.equal((await app.send('POST', `/api/v1/keys/${before.kid}/revoke`, { token: admin })).statusCode, 204)
  t.strictSame(await activeOf(tokens), [false, false, false, false])
  for (const [, token] of tokens) t.ok((await agree(t, changedIn(token, before, now()))) > 20)
})

const tokenOf = async (who: string): Promise<string> => (await HOLDERS[who]?.[1]()) ?? ''
const activeOf = async (tokens: readonly (readonly [string, string])[]) => {
  const found: boolean[] = []
  for (const [, token] of tokens) found.push((await verdictsOn(token)).active)
  return found
}
