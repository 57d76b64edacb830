import { createSigner } from 'fast-jwt'
import t from 'tap'
import { ACCESS_TOKEN_TYPE, MOST_TOKEN_BYTES, OWN_CLIENT_ID, type AccessClaims } from '../../src/domain/access-token.ts'
import { parseEmail } from '../../src/domain/email.ts'
import {
  createRoleBook,
  MOST_PERMISSIONS,
  MOST_ROLES,
  PERMISSION_PATTERN,
  ROLE_PATTERN,
  SERVICE_PERMISSIONS
} from '../../src/domain/permissions.ts'
import { createRevocationIndex } from '../../src/domain/revocation-index.ts'
import { verifyToken } from '../../src/domain/verify-token.ts'
import { forgers, keys, NOW } from '../support/forge.ts'

const name40 = (kind: string, n: number) => `${kind}${n}`.padEnd(40, 'x')
const roles = Array.from({ length: MOST_ROLES }, (_, n) => name40('r', n))
const permissions = Array.from({ length: MOST_PERMISSIONS }, (_, n) => name40('p:', n))
const book = createRoleBook({ admin: permissions })

/** 254 octets, and every character of ASCII that may stand before the @. */
const local = "!#$%&'*+-/=?^_`{|}~azAZ09".padEnd(64, '`')
const domain = `${'d'.repeat(63)}.${'d'.repeat(63)}.${'d'.repeat(61)}`
const plain = `${local}@${domain}`
/** 254 octets of two and four octets each. */
const unicode = `${'é'.repeat(32)}@${'例'.repeat(21)}.example`
const astral = `${'\u{20000}'.repeat(16)}@${domain}`

t.test('what the longest token holds is what is accepted, and no more', async (t) => {
  for (const email of [plain, unicode, astral]) t.match(parseEmail(email), { email }, email)
  for (const email of [plain, astral]) t.equal(Buffer.byteLength(email), 254)
  t.match(parseEmail(`${plain}d`), { wrong: /254 octets/ })
  // Nothing that JSON has to escape may be in an address: it would take up to six octets where one was counted.
  for (const character of ['"', '\\', '\b', '\t', '\n', '\u001f', '\0', '\ud800', '\udc00']) {
    t.ok(JSON.stringify(character).length > 3)
    t.match(parseEmail(`a${character}b@example.com`), { wrong: /^must/ }, JSON.stringify(character))
    t.match(parseEmail(`a@b${character}.example`), { wrong: /^must/ }, JSON.stringify(character))
  }
  for (const [pattern, name] of [
    [ROLE_PATTERN, name40('r', 49)],
    [PERMISSION_PATTERN, name40('p:', 49)]
  ] as const) {
    t.match(name, new RegExp(pattern))
    t.notMatch(`${name}x`, new RegExp(pattern))
  }
  t.equal(book.permissionsOf(['admin']).length, MOST_PERMISSIONS + SERVICE_PERMISSIONS.length)
})

for (const { algorithm, privateKey, stored } of forgers) {
  t.test(`the longest token of a user, signed by ${algorithm}, is good and under 8 KiB`, async (t) => {
    // As plugins/tokens.ts makes and signs it; ISSUER and AUDIENCE have at most 256 characters, of which `"` takes two.
    const issuer = `https://${'i'.repeat(248)}`
    const audience = '"'.repeat(256)
    const kid = stored.kid
    const header = { alg: algorithm, typ: ACCESS_TOKEN_TYPE, kid }
    const sign = createSigner({ key: privateKey, algorithm, kid, header })
    for (const email of [plain, unicode, astral]) {
      const claims: AccessClaims = {
        iss: issuer,
        aud: audience,
        sub: '01890a5d-ac96-774b-bcce-b302099a8057',
        iat: NOW,
        exp: NOW + 900,
        jti: '7f1c2a52-3b6e-4c55-9d0e-7d4a3e0b9f10',
        client_id: OWN_CLIENT_ID,
        ver: 2_147_483_647,
        scope: book.permissionsOf(['admin']).join(' '),
        sid: '01890a5d-ac96-774b-bcce-b302099a8058',
        roles,
        email
      }
      const token = sign({ ...claims })
      t.ok(token.length < MOST_TOKEN_BYTES, `${token.length} octets`)
      const verdict = verifyToken(
        { issuer, audience, keys, revocations: createRevocationIndex(), now: () => NOW * 1000 },
        token
      )
      t.strictSame(verdict, { good: true, claims, key: keys.find(kid) })
    }
  })
}
