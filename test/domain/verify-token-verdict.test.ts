import t from 'tap'
import { hasAccessClaims, LEEWAY_SECONDS, type AccessClaims } from '../../src/domain/access-token.ts'
import { createRevocationIndex, type Revocation } from '../../src/domain/revocation-index.ts'
import { callerOf, VERIFICATION_STEPS, verifyToken, type VerificationStep } from '../../src/domain/verify-token.ts'
import {
  AUDIENCE,
  forge,
  forgers,
  headerOf,
  impostorOf,
  ISSUER,
  jsonOf,
  judge,
  keys,
  NOW,
  outcome,
  outcomeOf,
  SERVICE_CLAIMS,
  signTexts,
  USER_CLAIMS,
  type Forger,
  type Members
} from '../support/forge.ts'

const revoked = (entry: Partial<Revocation> & Pick<Revocation, 'kind' | 'id'>): Revocation => ({
  staleBelow: null,
  revokedBelow: null,
  until: Infinity,
  ...entry
})
function indexOf(...entries: readonly Revocation[]) {
  const index = createRevocationIndex()
  for (const entry of entries) index.apply(entry)
  return index
}
const forgeService = (forger: Forger, claims: Members = {}) =>
  signTexts(forger, jsonOf(headerOf(forger)), jsonOf({ ...SERVICE_CLAIMS, ...claims }))
function claimsOf(members: Members): AccessClaims {
  const claims: unknown = JSON.parse(jsonOf(members))
  if (typeof claims !== 'object' || claims === null || !hasAccessClaims(claims)) throw new Error('These are no claims.')
  return claims
}

const EXPIRED = { exp: String(NOW - LEEWAY_SECONDS) }
const REVOKED = 'revocation token_revoked, claims given'
const STALE = 'revocation token_stale, claims given'

for (const forger of forgers) {
  t.test(`a good ${forger.algorithm} token gives its claims and the key that it was verified with`, async (t) => {
    t.strictSame(judge(forge(forger)), { good: true, claims: claimsOf(USER_CLAIMS), key: keys.find(forger.stored.kid) })
    t.strictSame(judge(forgeService(forger)), {
      good: true,
      claims: claimsOf(SERVICE_CLAIMS),
      key: keys.find(forger.stored.kid)
    })
  })

  t.test(`of all that is wrong with an ${forger.algorithm} token the first step decides`, async (t) => {
    // Each token has the faults of its step and of every later one, so that the order is what is seen.
    const faults: Readonly<Record<VerificationStep, { readonly header?: Members; readonly claims?: Members }>> = {
      form: { claims: { x: '"\ud800"' } },
      header: { header: { typ: '"JWT"' } },
      key: { header: { kid: '"0123456789abcdef"' } },
      signature: {},
      claims: { claims: { client_id: '7' } },
      issuer: { claims: { iss: '"https://evil.example"' } },
      audience: { claims: { aud: '"other"' } },
      time: { claims: EXPIRED },
      revocation: { claims: { jti: '"revoked"' } }
    }
    const revocations = indexOf(
      revoked({ kind: 'token', id: 'revoked' }),
      revoked({ kind: 'key', id: forger.stored.kid })
    )
    for (const [at, step] of VERIFICATION_STEPS.entries()) {
      const wrong = VERIFICATION_STEPS.slice(at)
      const header = wrong.reduce<Members>((all, each) => ({ ...all, ...faults[each].header }), {})
      const claims = wrong.reduce<Members>((all, each) => ({ ...all, ...faults[each].claims }), {})
      const token = forge(wrong.includes('signature') ? impostorOf(forger) : forger, header, claims)
      const verdict = judge(wrong.includes('form') ? `${token}=` : token, revocations)
      t.equal(verdict.good ? 'none' : verdict.step, step, `wrong from ${step} on`)
      t.match(verdict, { good: false, reason: /^[A-Z].+\.$/ }, 'and it says why')
    }
  })

  t.test(
    `what has become of an ${forger.algorithm} token is told once its signature is good, and who holds it`,
    async (t) => {
      const jti = revoked({ kind: 'token', id: 'token-1' })
      const sid = revoked({ kind: 'session', id: 'session-1' })
      const ann = (floors: Partial<Revocation>) => revoked({ kind: 'subject', id: 'ann', ...floors })
      const reader = (floors: Partial<Revocation>) => revoked({ kind: 'client', id: 'feed-reader', ...floors })
      const user = forge(forger)
      const service = forgeService(forger)
      for (const [token, entries, expected] of [
        [user, [], 'good'],
        [user, [jti], REVOKED],
        [user, [sid], REVOKED],
        [user, [ann({ revokedBelow: 4 })], REVOKED],
        [user, [ann({ revokedBelow: 3 })], 'good'],
        [user, [ann({ staleBelow: 4 })], STALE],
        [user, [ann({ staleBelow: 3 })], 'good'],
        [user, [ann({ staleBelow: 9, revokedBelow: 4 })], REVOKED],
        [user, [ann({ staleBelow: 9, revokedBelow: 3 })], STALE],
        [user, [ann({ staleBelow: 9 }), jti], REVOKED],
        [user, [reader({ revokedBelow: 9 })], 'good'],
        [service, [jti], REVOKED],
        [service, [sid, ann({ revokedBelow: 9 })], 'good'],
        [service, [reader({ revokedBelow: 4 })], REVOKED],
        [service, [reader({ staleBelow: 4 })], STALE],
        [service, [reader({ staleBelow: 3, revokedBelow: 3 })], 'good'],
        [forge(forger, {}, EXPIRED), [], 'time token_expired, claims given'],
        [forge(forger, {}, EXPIRED), [jti, sid], 'time token_expired, claims given']
      ] as const) {
        const index = indexOf(...entries)
        t.equal(outcome(token, index), expected, JSON.stringify(entries))
        const broken = token.slice(0, -8) + 'AAAAAAAA'
        t.equal(outcome(broken, index), 'signature invalid_token', 'and with another signature nothing')
      }
      t.equal(outcome(forge(impostorOf(forger), {}, EXPIRED), indexOf(jti)), 'signature invalid_token')
      for (const wrong of [
        { iss: '"https://evil.example"' },
        { aud: '"other"' },
        { sub: '""' },
        { nbf: String(NOW + 60) }
      ]) {
        const verdict = judge(forge(forger, {}, { ...EXPIRED, ...wrong }), indexOf(jti, sid))
        t.match(verdict, { good: false, code: 'invalid_token', claims: null }, JSON.stringify(wrong))
      }
    }
  )

  t.test(`who signed with a revoked ${forger.algorithm} key is not believed anything`, async (t) => {
    const index = indexOf(revoked({ kind: 'key', id: forger.stored.kid }))
    t.equal(outcome(forge(forger), index), 'revocation token_revoked')
    t.equal(outcome(forgeService(forger), index), 'revocation token_revoked')
    t.match(judge(forge(forger, {}, EXPIRED), index), { good: false, claims: null })
    t.match(judge(forge(forger, {}, { iat: String(NOW + 60) }), index), { good: false, claims: null })
    index.apply(revoked({ kind: 'token', id: 'token-1' }))
    t.equal(outcome(forge(forger), index), 'revocation token_revoked')
    for (const other of forgers) if (other !== forger) t.equal(outcome(forge(other), indexOf()), 'good')
  })

  t.test(`the holder of an ${forger.algorithm} token is who its claims say`, async (t) => {
    const user = {
      kind: 'user',
      id: 'ann',
      email: 'ann@example.com',
      roles: ['editor'],
      permissions: ['feed:read', 'feed:write'],
      sessionId: 'session-1',
      tokenId: 'token-1',
      issuer: ISSUER
    }
    const { claims } = judge(forge(forger))
    t.strictSame(claims && callerOf(claims), user)
    t.strictSame(callerOf(claimsOf({ ...USER_CLAIMS, scope: undefined, roles: '[]' })), {
      ...user,
      permissions: [],
      roles: []
    })
    t.strictSame(callerOf(claimsOf(SERVICE_CLAIMS)), {
      kind: 'service',
      clientId: 'feed-reader',
      permissions: ['feed:read', 'feed:write'],
      tokenId: 'token-1',
      issuer: ISSUER
    })
    for (const members of [USER_CLAIMS, SERVICE_CLAIMS]) {
      const caller = callerOf(claimsOf(members))
      t.ok(Object.isFrozen(caller) && Object.isFrozen(caller.permissions), 'and nobody can change it')
      if (caller.kind === 'user') t.ok(Object.isFrozen(caller.roles))
    }
  })
}

t.test('a token is judged by the time that is given, to the millisecond', async (t) => {
  const [forger] = forgers
  if (forger === undefined) return
  const verification = { issuer: ISSUER, audience: AUDIENCE, keys, revocations: indexOf() }
  const token = forge(forger, {}, { exp: String(NOW), iat: String(NOW - 1) })
  const at = (milliseconds: number) => outcomeOf(verifyToken({ ...verification, now: () => milliseconds }, token))
  t.equal(at((NOW + LEEWAY_SECONDS) * 1000 - 1), 'good')
  t.equal(at((NOW + LEEWAY_SECONDS) * 1000), 'time token_expired, claims given')
  t.equal(at((NOW - 1 - LEEWAY_SECONDS) * 1000), 'good')
  t.equal(at((NOW - 1 - LEEWAY_SECONDS) * 1000 - 1), 'time invalid_token')
})
