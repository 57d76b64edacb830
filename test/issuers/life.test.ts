import t from 'tap'
import { createRevocationIndex } from '../../src/domain/revocation-index.ts'
import { Problem } from '../../src/domain/problems.ts'
import { verifyToken, type Verdict } from '../../src/domain/verify-token.ts'
import { issuerKeys } from '../../src/remote/issuer-keys.ts'
import { createRemoteKeys } from '../../src/remote/remote-keys.ts'
import type { Test } from '../support/database.ts'
import {
  json,
  JWKS,
  makeIssuerKey,
  OPENID,
  startIssuer,
  tokenOf,
  type Issuer,
  type IssuerKey
} from '../support/issuer.ts'

const first = makeIssuerKey('first')
const second = makeIssuerKey('second', 'EdDSA')
const third = makeIssuerKey('third')

/** Whoever takes the tokens of one issuer, at a time that the test sets. */
interface Verifier {
  /** Lets so many seconds pass. */
  pass(seconds: number): void
  /** What comes of a token signed with the key at once: `good`, or the step that refuses it. */
  atOnce(key: IssuerKey): string
  /** What comes of it for whoever waits. */
  outcome(key: IssuerKey): Promise<string>
  /** What was fetched, and how often that failed. */
  readonly told: { fetched: number; failed: number }
}

async function verifierOf(t: Test, ...keys: readonly IssuerKey[]): Promise<{ issuer: Issuer; verifier: Verifier }> {
  const issuer = await startIssuer(t, ...keys)
  let now = 1_000_000
  const monotonic = () => now
  const told = { fetched: 0, failed: 0 }
  const source = createRemoteKeys({
    fetchKeys: issuerKeys(issuer.url, ['ES256', 'EdDSA'], monotonic),
    monotonic,
    onFetched: () => (told.fetched += 1),
    onFailed: () => (told.failed += 1)
  })
  const profile = {
    ...issuer.entry,
    algorithms: new Set(['ES256', 'EdDSA']),
    types: new Set(['application/at+jwt']),
    keys: source,
    roleClaim: null,
    roleMap: new Map<string, string>()
  }
  const verification = {
    issuer: 'https://auth.example',
    audience: 'latchkey-api',
    keys: { find: () => null },
    revocations: createRevocationIndex(),
    others: new Map([[issuer.url, profile]]),
    now: Date.now
  }
  const judge = (key: IssuerKey): Verdict => verifyToken(verification, tokenOf(issuer, key))
  const said = (verdict: Verdict) => (verdict.good ? 'good' : verdict.step)
  const verifier: Verifier = {
    pass: (seconds) => (now += seconds * 1000),
    atOnce: (key) => said(judge(key)),
    async outcome(key) {
      const verdict = judge(key)
      if (verdict.good || verdict.unknownTo === undefined) return said(verdict)
      try {
        await verdict.unknownTo.learn?.()
      } catch (error) {
        if (error instanceof Problem) return `${error.code} ${error.details.retryAfterSeconds}`
        throw error
      }
      return said(judge(key))
    },
    told
  }
  return { issuer, verifier }
}

/** Waits until what was begun in the background is done. */
async function settled(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 5))
}

t.test('keys are fetched when the first token comes, and used from then on without a promise', async (t) => {
  const { issuer, verifier } = await verifierOf(t, first)
  t.strictSame(issuer.asked, [], 'nothing before that')
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => verifier.outcome(first)))
  t.strictSame([...new Set(outcomes)], ['good'], 'fifty at once share one fetch')
  t.equal(verifier.atOnce(first), 'good')
  t.strictSame(issuer.asked, [OPENID, JWKS])
})

t.test('forged kids cause one fetch in each cool-down, whoever sends how many', async (t) => {
  const { issuer, verifier } = await verifierOf(t, first)
  await verifier.outcome(first)
  for (const [seconds, fetches] of [
    [1, 1],
    [28, 1],
    [1, 2],
    [29, 2],
    [1, 3]
  ] as const) {
    verifier.pass(seconds)
    const forged = Array.from({ length: 100 }, (_, i) => verifier.outcome({ ...first, kid: `forged-${i}` }))
    t.strictSame([...new Set(await Promise.all(forged))], ['key'])
    t.equal(issuer.fetches(), fetches)
    t.equal(verifier.atOnce(first), 'good', 'and nobody else is concerned')
  }
})

t.test('a new key is good once it is published and the cool-down is over', async (t) => {
  const { issuer, verifier } = await verifierOf(t, first)
  t.equal(await verifier.outcome(first), 'good')
  verifier.pass(10)
  issuer.publish(first.jwk, second.jwk)
  t.equal(await verifier.outcome(second), 'key', 'too early')
  verifier.pass(20)
  t.equal(await verifier.outcome(second), 'good')
  t.equal(verifier.atOnce(first), 'good')
})

t.test('a key that is withdrawn while the set is fetched is gone with the next set', async (t) => {
  const { issuer, verifier } = await verifierOf(t, first)
  let answer = () => undefined as unknown
  issuer.on(JWKS, (request, response) => {
    answer = () => {
      json({ keys: [first.jwk] })(request, response)
    }
  })
  const waiting = verifier.outcome(first)
  await settled(() => issuer.fetches() === 1)
  issuer.publish(second.jwk)
  answer()
  t.equal(await waiting, 'good', 'as it was published when it was asked for')
  t.equal(await verifier.outcome(second), 'key')
  verifier.pass(30)
  t.equal(await verifier.outcome(second), 'good', 'the set is another one')
  t.equal(await verifier.outcome(first), 'key', 'and takes the place of the first, to which it adds nothing')
})

t.test('a withdrawn key is refused once the set has aged', async (t) => {
  const { issuer, verifier } = await verifierOf(t, first, second)
  t.equal(await verifier.outcome(first), 'good')
  issuer.publish(second.jwk)
  verifier.pass(239)
  t.equal(await verifier.outcome(first), 'good')
  t.equal(issuer.fetches(), 1)
  verifier.pass(61)
  t.equal(await verifier.outcome(first), 'key', 'five minutes after, it is asked for before it is believed')
  t.equal(issuer.fetches(), 2)
})

t.test('a set in use is renewed before it has aged, while requests go on with it', async (t) => {
  const { issuer, verifier } = await verifierOf(t, first)
  await verifier.outcome(first)
  issuer.publish(second.jwk)
  verifier.pass(240)
  t.equal(verifier.atOnce(first), 'good')
  await settled(() => verifier.told.fetched === 2)
  t.equal(verifier.atOnce(first), 'key')
  t.equal(verifier.atOnce(second), 'good')
})

t.test('keys of an issuer that is down are good for an hour, and then nobody can tell', async (t) => {
  const { issuer, verifier } = await verifierOf(t, first)
  await verifier.outcome(first)
  await issuer.close()
  verifier.pass(300)
  t.equal(await verifier.outcome(first), 'good', 'who finds it out waits for it once')
  for (let minute = 6; minute < 60; minute += 1) {
    verifier.pass(60)
    t.equal(verifier.atOnce(first), 'good', `${minute} minutes`)
    await settled(() => verifier.told.failed === minute - 4)
  }
  t.equal(await verifier.outcome(second), 'key', 'a kid that is not known stays so')
  verifier.pass(60)
  t.equal(await verifier.outcome(first), 'unavailable 30', 'an hour after the last good fetch')
  verifier.pass(12)
  t.equal(await verifier.outcome(first), 'unavailable 18', 'and it says when to come again')
})

t.test('an issuer that comes back is believed again', async (t) => {
  const { issuer, verifier } = await verifierOf(t, first)
  issuer.on(JWKS, json({}, 500))
  t.equal(await verifier.outcome(first), 'unavailable 30')
  issuer.publish(first.jwk)
  verifier.pass(29)
  t.equal(await verifier.outcome(first), 'unavailable 1')
  t.equal(issuer.fetches(), 1)
  verifier.pass(1)
  t.equal(await verifier.outcome(first), 'good')
  // What was an outage before is none any more: an aged set is waited for again.
  issuer.publish(third.jwk)
  verifier.pass(300)
  t.equal(await verifier.outcome(first), 'key')
})

t.test('where its keys are is asked again each hour, and when they are not there', async (t) => {
  const { issuer, verifier } = await verifierOf(t, first)
  await verifier.outcome(first)
  verifier.pass(600)
  await verifier.outcome(first)
  t.strictSame(issuer.asked, [OPENID, JWKS, JWKS], 'not each time')
  issuer.on(OPENID, json({ issuer: issuer.url, jwks_uri: `${issuer.url}/moved` }))
  issuer.on(JWKS, json({}, 404))
  issuer.on('/moved', json({ keys: [second.jwk] }))
  verifier.pass(600)
  t.equal(await verifier.outcome(first), 'good', 'stale')
  verifier.pass(30)
  t.equal(await verifier.outcome(second), 'good', 'found where they are now')
  t.strictSame(issuer.asked.slice(3), [JWKS, OPENID, '/moved'])
  verifier.pass(3601)
  await verifier.outcome(second)
  t.strictSame(issuer.asked.slice(6), [OPENID, '/moved'])
})
