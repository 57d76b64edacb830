import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createRemoteJWKSet, customFetch, decodeProtectedHeader, errors, jwtVerify, SignJWT } from 'jose'
import { PASSWORD } from '../support/app.ts'
import { claimsOf } from '../support/reading.ts'
import type { Fleet, Member } from './fleet.ts'

/** What a verifier that knows only the published keys is allowed: to keep them for `max-age`, and not to ask in between. */
export interface Cache {
  readonly maxAgeMilliseconds: number
}

export interface Traffic {
  /** What was refused and should not have been, or the other way round. */
  readonly wrong: readonly string[]
  readonly counts: Readonly<Record<'signIns' | 'refreshes' | 'calls' | 'verifications' | 'forgeries', number>>
  /** The keys that tokens were signed with, in the order in which they came up, each with its algorithm. */
  readonly kids: ReadonlyMap<string, string>
  /** What this key signed may be refused from now on, and must be from when the result is called, within the bounds. */
  revoking(kid: string): () => void
  stop(): Promise<void>
}

/** Far more than the bound within which it is in force elsewhere: what is asked is whether it is, not how soon. */
const ELSEWHERE_MILLISECONDS = 1000

/** People who sign in, renew their tokens and use all that they ever had, without a pause. */
export function startTraffic(fleet: Fleet, people: readonly string[], cache: Cache): Traffic {
  const wrong: string[] = []
  const counts = { signIns: 0, refreshes: 0, calls: 0, verifications: 0, forgeries: 0 }
  const kids = new Map<string, string>()
  /** A few tokens of each key, to be used to the end. */
  const kept = new Map<string, string[]>()
  const revokedAt = new Map<string, number>()
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  let stopped = false

  const published = createRemoteJWKSet(new URL('http://127.0.0.1/.well-known/jwks.json'), {
    cacheMaxAge: cache.maxAgeMilliseconds,
    // It does not ask again for a kid that it does not know.
    cooldownDuration: Number.MAX_SAFE_INTEGER,
    [customFetch]: (url) => fleet.any().fetch(new URL(url).pathname)
  })

  function keep(token: string): string {
    const { kid = '', alg = '' } = decodeProtectedHeader(token)
    const at = revokedAt.get(kid)
    if (!kids.has(kid)) kids.set(kid, alg)
    if (at !== undefined && performance.now() > at + ELSEWHERE_MILLISECONDS) wrong.push(`signed by the revoked ${kid}`)
    const some = kept.get(kid) ?? []
    if (some.length < 3) kept.set(kid, [...some, token])
    return token
  }

  /** Compares what came of a token with what should, `later` milliseconds after its key was revoked at the latest. */
  async function expect(token: string, later: number, where: string, ask: () => Promise<string>) {
    const { kid = '' } = decodeProtectedHeader(token)
    const begun = performance.now()
    const got = await ask()
    const at = revokedAt.get(kid)
    const right = at === undefined ? 'good' : begun > at + later ? 'revoked' : null
    if (right !== null && got !== right) wrong.push(`${kid} ${where}: ${got} instead of ${right}`)
  }

  async function use(token: string) {
    for (const member of [...fleet.up]) {
      await expect(token, ELSEWHERE_MILLISECONDS, 'at an instance', () => knock(member, token))
      counts.calls += 1
    }
    await expect(token, cache.maxAgeMilliseconds + ELSEWHERE_MILLISECONDS, 'by the JWKS', async () => {
      const options = { typ: 'at+jwt', issuer: 'http://localhost:3000', audience: 'latchkey-api' }
      return jwtVerify(token, published, options).then(
        () => 'good',
        (error: unknown) => (error instanceof errors.JWKSNoMatchingKey ? 'revoked' : String(error))
      )
    })
    counts.verifications += 1
  }

  /** The claims of a good token, signed by somebody who has no key of the service. */
  async function forge(token: string, kid: string) {
    const forged = await sign(claimsOf(token), kid, stranger)
    const { status } = await fleet.any().call('GET', '/api/v1/users/me', undefined, forged)
    if (status !== 401) wrong.push(`a forgery under ${kid}: ${status}`)
    counts.forgeries += 1
  }

  async function live(email: string, rounds = 0): Promise<void> {
    let refresh = ''
    for (let round = rounds; !stopped; round++) {
      const isSignIn = round % 10 === 0
      const path = isSignIn ? 'login' : 'refresh'
      const sent = isSignIn ? { email, password: PASSWORD, delivery: 'body' } : { refresh_token: refresh }
      const { status, body } = await fleet.any().call('POST', `/api/v1/auth/${path}`, sent)
      if (status !== 200) {
        wrong.push(`${path}: ${status} ${String(body['code'])}`)
        round = -1
        await delay(50)
        continue
      }
      counts[isSignIn ? 'signIns' : 'refreshes'] += 1
      refresh = String(body['refresh_token'])
      const token = keep(String(body['access_token']))
      await use(token)
      const all = [...kept.values()].flat()
      await use(all[round % all.length] ?? token)
      if (round % 5 === 0) {
        await forge(token, decodeProtectedHeader(token).kid ?? '')
        await forge(token, '0123456789abcdef')
      }
    }
  }
  const lives = people.map((email) => live(email))

  return {
    wrong,
    counts,
    kids,
    revoking(kid) {
      revokedAt.set(kid, Infinity)
      return () => void revokedAt.set(kid, performance.now())
    },
    async stop() {
      stopped = true
      await Promise.all(lives)
    }
  }
}

async function knock(member: Member, token: string): Promise<string> {
  const { status, body } = await member.call('GET', '/api/v1/users/me', undefined, token)
  if (status === 200) return 'good'
  return status === 401 && body['code'] === 'token_revoked' ? 'revoked' : `${status} ${String(body['code'])}`
}

const sign = (claims: Record<string, unknown>, kid: string, key: KeyObject) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid }).sign(key)
