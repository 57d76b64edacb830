import { encode, jsonOf, makeForger, type Members, signatureOf, type Signer, signParts, signTexts } from './forge.ts'
import type { Random } from './random.ts'

// Tokens made out of a good one: changed, and signed again by the service's own key where that is what it takes to be looked
// at any further.

const said = (value: unknown): string => JSON.stringify(value)
const membersOf = (part: string): Members =>
  Object.fromEntries(
    Object.entries(JSON.parse(Buffer.from(part, 'base64url').toString()) as object).map(([name, value]) => [
      name,
      said(value)
    ])
  )

/** Values that a claim or a member of the header may be, by mistake or on purpose. */
const VALUES = [
  undefined,
  'null',
  '""',
  '0',
  '-1',
  '1.5',
  '1e400',
  '9007199254740992',
  '"x"',
  '[]',
  '{}',
  'true',
  '"\\u0000"',
  '"\\ud800"'
]
const CLAIMS = ['iss', 'aud', 'sub', 'exp', 'iat', 'nbf', 'jti', 'client_id', 'ver', 'scope', 'sid', 'roles', 'email']

/** Changes of claims that mean something. */
function meant(now: number): Readonly<Record<string, Members>> {
  return {
    'another issuer': { iss: '"https://other.example"' },
    'the service among others': { aud: said(['x', 'latchkey-api']) },
    'another audience': { aud: '"https://other.example"' },
    'other audiences': { aud: said(['https://other.example', 'y']) },
    'the audience in capitals': { aud: '"LATCHKEY-API"' },
    'just expired': { exp: String(now - 3), iat: String(now - 60) },
    expired: { exp: String(now - 60), iat: String(now - 120) },
    'not valid yet': { nbf: String(now + 60) },
    'made later': { iat: String(now + 60), exp: String(now + 120) },
    'valid for ever': { exp: '9007199254740991' },
    'an older version': { ver: '0' },
    'a newer version': { ver: '2147483647' },
    'another id': { jti: '"another"' },
    'another subject': { sub: '"another"' },
    'another client': { client_id: '"another"' },
    'another session': { sid: '"another"', roles: '[]', email: '"a@example.com"' },
    'no session': { sid: undefined },
    'no user': { sid: undefined, roles: undefined, email: undefined },
    'more permissions': { scope: '"a:b c:d"' },
    'more claims': { more: '{"deep":[1]}', ['__proto__']: '{"sub":"x"}' }
  }
}

const HEADERS: Readonly<Record<string, Members>> = {
  ...Object.fromEntries(
    ['alg', 'kid', 'typ'].flatMap((name) => VALUES.map((text) => [`${name} ${text}`, { [name]: text }]))
  ),
  'typ of a MIME type': { typ: '"application/at+jwt"' },
  'typ in capitals': { typ: '"AT+JWT"' },
  'typ of any JWT': { typ: '"JWT"' },
  crit: { crit: '["exp"]' },
  b64: { b64: 'true' },
  'a key of its own': { jwk: '{"kty":"oct","k":"eA"}', jku: '"https://evil.example"' },
  'no algorithm': { alg: '"none"' },
  HMAC: { alg: '"HS256"' }
}

/** Signs a token like the one given, with changes. */
function likeIt(token: string, signer: Signer) {
  const [head = '', body = ''] = token.split('.')
  const [header, claims] = [membersOf(head), membersOf(body)]
  return (ofClaims: Members, ofHeader: Members = {}) =>
    signTexts(signer, jsonOf({ ...header, ...ofHeader }), jsonOf({ ...claims, ...ofClaims }))
}

export type Tampered = Iterable<readonly [what: string, token: string]>

/** The token itself, and what of it could be said by the service at another time or to somebody else. */
export function* changedIn(token: string, signer: Signer, now: number): Tampered {
  const signed = likeIt(token, signer)
  yield ['as it is', token]
  yield ['signed again', signed({})]
  for (const [what, change] of Object.entries(meant(now))) yield [what, signed(change)]
}

/** Whatever else can be made of the token, and nobody would mean. */
export function* spoiltIn(token: string, signer: Signer): Tampered {
  const [head = '', body = '', signature = ''] = token.split('.')
  const [header, claims] = [jsonOf(membersOf(head)), jsonOf(membersOf(body))]
  const signed = likeIt(token, signer)
  for (const name of CLAIMS) for (const text of VALUES) yield [`${name} ${text}`, signed({ [name]: text })]
  for (const [what, change] of Object.entries(HEADERS)) yield [`header: ${what}`, signed({}, change)]
  yield ['by another key', signTexts(makeForger('ES256'), header, claims)]
  yield ['by a key of another kind', signTexts(makeForger('HS256'), header, claims)]
  yield ['without a signature', `${head}.${body}.`]
  yield ['with half a signature', `${head}.${body}.${encode(signatureOf(signer, `${head}.${body}`).subarray(0, 32))}`]
  yield ['with zeros for a signature', `${head}.${body}.${encode(Buffer.alloc(64))}`]
  yield ['with the signature of another', `${head}.${encode(claims.replace(/^{/, '{"x":1,'))}.${signature}`]
  yield ['with a claim twice', signTexts(signer, header, claims.replace(/^{/, '{"sub":"x",'))]
  yield ['with padding', signParts(signer, `${head}=`, body)]
  yield ['with a part too many', `${token}.x`]
  yield ['cut short', token.slice(0, -10)]
  yield ['too long', signed({ x: said('x'.repeat(8192)) })]
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=~+/'
/** The token with one letter or more left out, put in or exchanged. */
export function mutated(random: Random, token: string): string {
  let text = token
  for (let times = random.pick([1, 1, 1, 2, 5]); times > 0; times--) {
    const at = random.below(text.length)
    const letter = LETTERS[random.below(LETTERS.length)] ?? 'A'
    const [taken, put] = random.pick<readonly [number, string]>([
      [1, letter],
      [1, ''],
      [0, letter]
    ])
    text = text.slice(0, at) + put + text.slice(at + taken)
  }
  return text
}
