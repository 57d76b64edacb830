import t from 'tap'
import { LEEWAY_SECONDS } from '../../src/domain/access-token.ts'
import { createKeyRing } from '../../src/domain/key-ring.ts'
import { createRevocationIndex, type Revocation } from '../../src/domain/revocation-index.ts'
import { isGoodStill, perishableOf, verifyToken, type Verification } from '../../src/domain/verify-token.ts'
import { AUDIENCE, es256, forge, forgers, ISSUER, keys, NOW, USER_CLAIMS } from '../support/forge.ts'

/** A verified token, and whether it is good still with these members of the verification changed. */
function remembered(forger = es256) {
  const revocations = createRevocationIndex()
  const how: Verification = { issuer: ISSUER, audience: AUDIENCE, keys, revocations, now: () => NOW * 1000 }
  const verdict = verifyToken(how, forge(forger))
  if (!verdict.good) throw new Error(verdict.reason)
  const perishable = perishableOf(how, verdict)
  if (perishable === null) throw new Error('Its issuer is not known.')
  return {
    perishable,
    isGood: (changed: Partial<Verification> = {}) => isGoodStill({ ...how, ...changed }, perishable),
    revoke: (entry: Partial<Revocation>) =>
      revocations.apply({ kind: 'token', id: '', staleBelow: null, revokedBelow: null, until: 1e15, ...entry })
  }
}
const claim = (name: string) => String(JSON.parse(USER_CLAIMS[name] ?? 'null'))

for (const forger of forgers) {
  t.test(`a remembered ${forger.algorithm} token is good until the last instant of its leeway`, async (t) => {
    const { isGood, perishable } = remembered(forger)
    const end = (perishable.times.exp + LEEWAY_SECONDS) * 1000
    t.ok(isGood())
    t.strictSame([isGood({ now: () => end - 1 }), isGood({ now: () => end })], [true, false])
    t.notOk(isGood({ now: () => (perishable.times.iat - LEEWAY_SECONDS - 1) * 1000 }), 'nor before it was made')
  })
}

t.test('whatever is revoked of it, a remembered token is good no more', async (t) => {
  for (const entry of [
    { kind: 'token', id: claim('jti') },
    { kind: 'session', id: claim('sid') },
    { kind: 'subject', id: claim('sub'), staleBelow: 1_000 },
    { kind: 'subject', id: claim('sub'), revokedBelow: 1_000 },
    { kind: 'key', id: es256.stored.kid }
  ] as const) {
    const { isGood, revoke } = remembered()
    revoke({ ...entry, id: `${entry.id}x` })
    t.ok(isGood(), `${entry.kind} of another`)
    revoke(entry)
    t.notOk(isGood(), entry.kind)
  }
})

t.test(
  'where the keys were read anew, a token has to be verified anew, and where its key is gone it is refused',
  async (t) => {
    const { perishable, isGood } = remembered()
    t.ok(isGood())
    // As the app has it: one source, whose ring is another one now.
    const again = createKeyRing(forgers.map(({ stored }) => stored))
    Object.assign(perishable, { keys: again })
    t.ok(again.find(es256.stored.kid))
    t.notOk(isGood(), 'the same key, but not as it was when the token was verified')
    Object.assign(perishable, { keys: { find: () => null } })
    t.notOk(isGood())
  }
)
