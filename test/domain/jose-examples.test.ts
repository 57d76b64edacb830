import { verify } from 'node:crypto'
import t from 'tap'
import { importJwk, type ImportedKey, type JwsAlgorithm } from '../../src/domain/jwk.ts'
import { keysOfSet } from '../../src/domain/jwk-set.ts'
import { verificationKey } from '../../src/domain/verification-key.ts'

// The examples of RFC 7515, RFC 7517 and RFC 8037 for the algorithms that are offered.

function imported(jwk: unknown, algorithm: JwsAlgorithm): ImportedKey {
  const key = importJwk(jwk, [algorithm])
  if ('wrong' in key) throw new Error(key.wrong)
  return key
}
const changed = (token: string, at: number) => {
  const other = token[at] === 'A' ? 'B' : 'A'
  return token.slice(0, at) + other + token.slice(at + 1)
}

const PAYLOAD = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'

/** RFC 7515 appendix A.2. */
const RS256 = {
  jwk: {
    kty: 'RSA',
    n:
      'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pC' +
      'gNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg6' +
      '65xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW' +
      'yuXpoQ',
    e: 'AQAB'
  },
  token:
    `eyJhbGciOiJSUzI1NiJ9.${PAYLOAD}.` +
    'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t' +
    '1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12j' +
    'zDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ' +
    'Ge77Rw'
}
/** RFC 7515 appendix A.3. */
const ES256 = {
  jwk: {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0'
  },
  token:
    `eyJhbGciOiJFUzI1NiJ9.${PAYLOAD}.` +
    'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q'
}

for (const [algorithm, { jwk, token }] of [
  ['RS256', RS256],
  ['ES256', ES256]
] as const) {
  t.test(`the ${algorithm} example of RFC 7515 is verified, and nothing near it`, async (t) => {
    const key = verificationKey('a', algorithm, imported(jwk, algorithm).publicPem)
    t.ok(key.signed(token))
    const accepted = [...Array(token.length - 1).keys()].filter(
      (at) => token[at] !== '.' && key.signed(changed(token, at))
    )
    t.strictSame(accepted, [], 'with any character changed')
    t.notOk(key.signed(token.slice(0, -4)), 'without its end')
    const none = `eyJhbGciOiJub25lIn0.${PAYLOAD}.`
    t.notOk(key.signed(none), 'nor the unsecured example of appendix A.5')
  })
}

t.test('the HS256 example of RFC 7515 has a key that is not for us', async (t) => {
  const k = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow'
  t.strictSame(importJwk({ kty: 'oct', k }, ['ES256', 'RS256']), { wrong: 'holds the private member k' })
  const token = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`
  for (const [algorithm, { jwk }] of [
    ['RS256', RS256],
    ['ES256', ES256]
  ] as const) {
    t.notOk(verificationKey('a', algorithm, imported(jwk, algorithm).publicPem).signed(token), algorithm)
  }
})

t.test('the Ed25519 example of RFC 8037 is verified', async (t) => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  // Its payload is a sentence and no claims, so that the signature alone is looked at.
  const input = 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc'
  const signature = 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'
  const { publicPem } = imported(jwk, 'EdDSA')
  t.ok(verify(null, Buffer.from(input), publicPem, Buffer.from(signature, 'base64url')))
  t.notOk(verificationKey('a', 'EdDSA', publicPem).signed(`${input}.${signature}`), 'and is no token')
})

t.test('of the sets of RFC 7517 the signature keys are used, and none that is not one', async (t) => {
  /** Appendix A.1: an EC key for encryption, and an RSA key. */
  const ec = {
    kty: 'EC',
    crv: 'P-256',
    x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
    y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
    use: 'enc',
    kid: '1'
  }
  const rsa = {
    kty: 'RSA',
    n:
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj' +
      'hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ' +
      'vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK' +
      'nqDKgw',
    e: 'AQAB',
    alg: 'RS256',
    kid: '2011-04-29'
  }
  const set = keysOfSet({ keys: [ec, rsa] }, ['ES256', 'RS256'])
  t.strictSame([...set.keys.keys()], ['2011-04-29'])
  t.strictSame(set.leftOut, ['keys/0 is not for signatures (use)'])
  t.equal(set.keys.get('2011-04-29')?.algorithm, 'RS256')
  t.strictSame([...keysOfSet({ keys: [ec, rsa] }, ['ES256', 'PS256']).keys.keys()], [], 'RS256 alone')
  // Appendix A.2 is the same with the private parts, and A.3 has symmetric keys.
  const d = '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE'
  const hmac = {
    kty: 'oct',
    kid: 'HMAC key used in JWS spec Appendix A.1 example',
    k: 'GawgguFyGrWKav7AX4VKUg',
    alg: 'A128KW'
  }
  t.strictSame([...keysOfSet({ keys: [{ ...ec, d }, { ...rsa, d }, hmac] }, ['ES256', 'RS256']).keys.keys()], [])
})
