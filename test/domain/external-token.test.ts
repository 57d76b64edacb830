import t from 'tap'
import { parseToken } from '../../src/domain/access-token.ts'
import { externalCallerOf, verifyExternalToken, type ExternalIssuer } from '../../src/domain/external-token.ts'
import { keysOfSet } from '../../src/domain/jwk-set.ts'
import { JWS_ALGORITHMS } from '../../src/domain/jwk.ts'
import { makeIssuerKey, tokenOf, type IssuerKey, type Said } from '../support/issuer.ts'

const URL = 'https://idp.example'
const es = makeIssuerKey('es')
const rs = makeIssuerKey('rs', 'RS256')
const held = keysOfSet({ keys: [es.jwk, rs.jwk] }, JWS_ALGORITHMS).keys
const issuer: ExternalIssuer = {
  issuer: URL,
  audience: 'latchkey-api',
  algorithms: new Set(['ES256']),
  types: new Set(['application/at+jwt']),
  keys: { find: (kid) => held.get(kid) ?? null },
  roleClaim: 'groups',
  roleMap: new Map([['root', 'admin']])
}
const NOW = 1_800_000_000

function outcome(key: IssuerKey, claims: Said = {}, header: Said = {}, profile = issuer): string {
  const token = tokenOf({ url: URL }, key, { iat: NOW - 60, exp: NOW + 600, ...claims }, header)
  const parsed = parseToken(token)
  if (parsed === null) return 'form'
  const verdict = verifyExternalToken(profile, parsed, token, NOW * 1000)
  return verdict.good ? 'good' : `${verdict.step} ${verdict.code}`
}

t.test('a token is judged by the rules of the issuer that it was chosen for, at each step', async (t) => {
  for (const [expected, key, claims, header] of [
    ['good', es, {}, {}],
    ['key invalid_token', rs, {}, {}],
    ['key invalid_token', es, {}, { alg: 'RS256' }],
    ['key invalid_token', es, {}, { kid: 'x' }],
    ['header invalid_token', es, {}, { typ: 'JWT' }],
    ['signature invalid_token', { ...makeIssuerKey('es') }, {}, {}],
    ['claims invalid_token', es, { jti: undefined }, {}],
    ['issuer invalid_token', es, { iss: 'https://other.example' }, {}],
    ['issuer invalid_token', es, { iss: `${URL}/` }, {}],
    ['audience invalid_token', es, { aud: 'other' }, {}],
    ['good', es, { exp: NOW - 29 }, {}],
    ['time token_expired', es, { exp: NOW - 30 }, {}],
    ['good', es, { iat: NOW + 30 }, {}],
    ['time invalid_token', es, { iat: NOW + 31 }, {}],
    ['good', es, { nbf: NOW + 30 }, {}],
    ['time invalid_token', es, { nbf: NOW + 31 }, {}],
    ['claims invalid_token', es, { exp: 2 ** 53 }, {}],
    ['claims invalid_token', es, { iat: 1.5 }, {}],
    ['claims invalid_token', es, { nbf: '0' }, {}],
    // Claims that only our own tokens have are not looked at, whatever they are.
    ['good', es, { client_id: 7, ver: 'x', sid: [], scope: {}, roles: 'admin', email: null }, {}]
  ] as const) {
    t.equal(outcome(key, claims, header), expected, JSON.stringify([claims, header]))
  }
  t.equal(outcome(rs, {}, {}, { ...issuer, algorithms: new Set(['RS256']) }), 'good')
})

t.test('the holder is frozen, and no other pair of issuer and subject has its id', async (t) => {
  const claims = { iss: URL, aud: 'latchkey-api', sub: 'ann', iat: NOW, exp: NOW + 600, jti: 'one' }
  const caller = externalCallerOf({ claims, roles: ['admin'] }, ['users:read'])
  t.strictSame(caller, {
    kind: 'user',
    id: `${URL} ann`,
    email: null,
    roles: ['admin'],
    permissions: ['users:read'],
    sessionId: null,
    tokenId: 'one',
    issuer: URL,
    subject: 'ann'
  })
  t.ok(Object.isFrozen(caller) && Object.isFrozen(caller.roles) && Object.isFrozen(caller.permissions))
  const idOf = (iss: string, sub: string) => externalCallerOf({ claims: { ...claims, iss, sub }, roles: [] }, []).id
  const pairs = [
    [URL, 'a b'],
    [`${URL}/a`, 'b'],
    [URL, '/a b'],
    [`${URL}/a`, ' b'],
    [URL, `${URL} a b`]
  ] as const
  t.equal(new Set(pairs.map(([iss, sub]) => idOf(iss, sub))).size, pairs.length)
})
