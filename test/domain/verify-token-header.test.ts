import { createPublicKey, createHmac } from 'node:crypto'
import t from 'tap'
import {
  encode,
  es256,
  forge,
  forgers,
  headerOf,
  impostorOf,
  jsonOf,
  keys,
  makeForger,
  outcome,
  signTexts,
  USER_CLAIMS,
  type Forger,
  type Members
} from '../support/forge.ts'

const said = (value: unknown) => JSON.stringify(value)

for (const forger of forgers) {
  const { algorithm, stored } = forger
  const others = forgers.filter((other) => other !== forger)
  const jwk = said(es256.stored.publicJwk)

  const tables: Readonly<Record<string, readonly (readonly [Members, string])[]>> = {
    'names a key of the service': [
      [{ kid: said(stored.kid) }, 'good'],
      [{ kid: undefined }, 'header invalid_token'],
      [{ kid: 'null' }, 'header invalid_token'],
      [{ kid: '7' }, 'header invalid_token'],
      [{ kid: '{}' }, 'header invalid_token'],
      [{ kid: `{"toString":${said(stored.kid)}}` }, 'header invalid_token'],
      [{ kid: `[${said(stored.kid)}]` }, 'header invalid_token'],
      [{ kid: 'true' }, 'header invalid_token'],
      [{ kid: '""' }, 'key invalid_token'],
      [{ kid: '"0123456789abcdef"' }, 'key invalid_token'],
      [{ kid: '"__proto__"' }, 'key invalid_token'],
      [{ kid: '"constructor"' }, 'key invalid_token'],
      [{ kid: '"toString"' }, 'key invalid_token'],
      [{ kid: said(stored.kid.toUpperCase() + ' ') }, 'key invalid_token'],
      [{ kid: said(` ${stored.kid}`) }, 'key invalid_token'],
      [{ kid: said(`${stored.kid}\0`) }, 'key invalid_token'],
      [{ kid: '"../../../dev/null"' }, 'key invalid_token'],
      [{ kid: said("x' or '1'='1") }, 'key invalid_token'],
      [{ kid: said(keys.currentMac('refresh').kid) }, 'key invalid_token'],
      [{ kid: said(keys.currentMac('device').kid) }, 'key invalid_token'],
      [{ kid: said(makeForger(algorithm).stored.kid) }, 'key invalid_token'],
      [{ ['__proto__']: said({ kid: stored.kid }), kid: undefined }, 'header invalid_token']
    ],
    'names the algorithm that its key was made for': [
      [{ alg: undefined }, 'key invalid_token'],
      [{ alg: 'null' }, 'key invalid_token'],
      [{ alg: '""' }, 'key invalid_token'],
      [{ alg: '"none"' }, 'key invalid_token'],
      [{ alg: '"None"' }, 'key invalid_token'],
      [{ alg: '"NONE"' }, 'key invalid_token'],
      [{ alg: `[${said(algorithm)}]` }, 'key invalid_token'],
      [{ alg: `{"toString":${said(algorithm)}}` }, 'key invalid_token'],
      [{ alg: said(algorithm.toLowerCase()) }, 'key invalid_token'],
      [{ alg: said(` ${algorithm}`) }, 'key invalid_token'],
      ...['ES384', 'ES256K', 'RS256', 'PS256', 'HS384', 'HS512', 'Ed25519'].map(
        (alg) => [{ alg: said(alg) }, 'key invalid_token'] as const
      ),
      // Each signature is good: only the name is another's.
      ...others.map((other) => [{ alg: said(other.algorithm) }, 'key invalid_token'] as const),
      // And here key and name fit, but another key signed.
      ...others.map((other) => [headerOf(other), 'signature invalid_token'] as const)
    ],
    'is typed as an access token': [
      [{ typ: '"at+jwt"' }, 'good'],
      [{ typ: '"AT+JWT"' }, 'good'],
      [{ typ: '"At+Jwt"' }, 'good'],
      [{ typ: '"application/at+jwt"' }, 'good'],
      [{ typ: '"Application/AT+JWT"' }, 'good'],
      ...[undefined, 'null', '1', '{}', '["at+jwt"]'].map((typ) => [{ typ }, 'header invalid_token'] as const),
      ...[
        '',
        'JWT',
        'jwt',
        'application/jwt',
        'at+jwt ',
        ' at+jwt',
        'at+jwt\0',
        'at+jwt; charset=utf-8',
        'text/at+jwt',
        'application/application/at+jwt',
        'application/',
        'at jwt',
        'at+jwts',
        'secevent+jwt',
        'logout+jwt',
        'id_token',
        'ａt+jwt'
      ].map((typ) => [{ typ: said(typ) }, 'header invalid_token'] as const)
    ],
    'asks for no extension': [
      ...['null', '""', '[]', '{}', 'false', '0', '"exp"', '["exp"]', '["b64"]', '["alg"]', '["x"]', '[null]'].map(
        (crit) => [{ crit, x: '1' }, 'header invalid_token'] as const
      ),
      ...['null', '""', 'true', 'false', '1'].map((b64) => [{ b64 }, 'header invalid_token'] as const),
      [{ crit: '["b64"]', b64: 'false' }, 'header invalid_token'],
      [{ cty: '"JWT"', x: '1' }, 'good']
    ],
    'may name keys and places, which are not asked': [
      ...[
        { jwk },
        { jku: '"https://evil.example/jwks.json"' },
        { x5u: '"https://evil.example/x.pem"' },
        { x5c: '["MIIB"]' },
        { x5t: '"x"' },
        { jwk: 'null', jku: '1', x5u: '{}' }
      ].map((members) => [members, 'good'] as const)
    ]
  }
  for (const [promise, rows] of Object.entries(tables)) {
    t.test(`the header of an ${algorithm} token ${promise}`, async (t) => {
      for (const [members, expected] of rows) t.equal(outcome(forge(forger, members)), expected, said(members))
    })
  }

  t.test(`an ${algorithm} token cannot bring its own key`, async (t) => {
    for (const other of [impostorOf(forger), makeForger(algorithm), makeForger('ES256')]) {
      const ownKey = said({ ...other.stored.publicJwk, kid: other.stored.kid, k: encode(String(other.privateKey)) })
      for (const members of [
        { jwk: ownKey },
        { jku: '"https://evil.example/jwks.json"' },
        { x5u: '"https://evil.example/x.pem"' },
        { x5c: '["MIIB"]' },
        {}
      ]) {
        const asOurs = { ...headerOf(forger), ...members }
        t.equal(
          outcome(forge(other, asOurs)),
          'signature invalid_token',
          `under our kid ${Object.keys(members).join()}`
        )
        const asIs = { ...headerOf(other), kid: said(other.stored.kid + 'x'), ...members }
        t.equal(outcome(forge(other, asIs)), 'key invalid_token', `under its own kid ${Object.keys(members).join()}`)
      }
    }
  })
}

t.test('a public key is no secret to sign with', async (t) => {
  for (const forger of forgers) {
    if (forger.stored.publicJwk === null) continue
    const publicKey = createPublicKey(forger.privateKey)
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
    const point = Buffer.concat(
      ['x', 'y'].map((name) => Buffer.from(forger.stored.publicJwk?.[name] ?? '', 'base64url'))
    )
    for (const [how, secret] of [
      ['PEM', pem],
      ['PEM without its last line break', pem.trimEnd()],
      ['PEM with line breaks of DOS', pem.replaceAll('\n', '\r\n')],
      ['PEM after a space', ` ${pem}`],
      ['PEM after a byte order mark', `\ufeff${pem}`],
      ['the base64 of PEM', pem.replace(/-----[^-]+-----|\n/g, '')],
      ['DER', publicKey.export({ format: 'der', type: 'spki' })],
      ['a JWK', said(forger.stored.publicJwk)],
      ['a JWK as node:crypto writes it', said(publicKey.export({ format: 'jwk' }))],
      ['a JWKS', said({ keys: [forger.stored.publicJwk] })],
      ['its coordinates', point],
      ['its point', Buffer.concat([Buffer.from([4]), point])],
      ['its kid', forger.stored.kid],
      ['nothing', ''],
      ['NULs', Buffer.alloc(32)]
    ] as const) {
      for (const [alg, digest] of [
        ['HS256', 'sha256'],
        ['HS384', 'sha384'],
        ['HS512', 'sha512'],
        [forger.algorithm, 'sha256']
      ] as const) {
        const input = signTexts(forger, jsonOf({ ...headerOf(forger), alg: said(alg) }), jsonOf(USER_CLAIMS))
          .split('.')
          .slice(0, 2)
          .join('.')
        const mac = createHmac(digest, secret).update(input).digest('base64url')
        const expected = alg === forger.algorithm ? 'signature invalid_token' : 'key invalid_token'
        t.equal(outcome(`${input}.${mac}`), expected, `${alg} with ${forger.algorithm}'s key as ${how}`)
      }
    }
  }
})

t.test('without a signature there is no token', async (t) => {
  const unsigned = (forger: Forger, alg: string) =>
    `${encode(jsonOf({ ...headerOf(forger), alg: said(alg) }))}.${encode(jsonOf(USER_CLAIMS))}.`
  for (const forger of forgers) {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', '', forger.algorithm]) {
      t.equal(outcome(unsigned(forger, alg)), 'form invalid_token', `alg ${alg}`)
      const expected = alg === forger.algorithm ? 'signature invalid_token' : 'key invalid_token'
      t.equal(outcome(`${unsigned(forger, alg)}AA`), expected, `alg ${alg}, and a NUL for a signature`)
    }
  }
})
