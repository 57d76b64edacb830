import { createRemoteJWKSet, jwtVerify, type JWTVerifyOptions } from 'jose'
import t from 'tap'
import { signInAdmin, startApp } from '../support/app.ts'
import { startAtAddress, tampered } from '../support/foreign.ts'
import { claimsOf } from '../support/reading.ts'

const LEDGER = 'https://ledger.example.com'

for (const algorithm of ['ES256', 'EdDSA']) {
  const service = await startAtAddress(t, { JWT_ALGORITHM: algorithm })
  const client = await service.register({ permissions: ['users:read'], audiences: [LEDGER] })
  const keys = createRemoteJWKSet(new URL(`${service.issuer}/.well-known/jwks.json`))
  const verify = (token: string, more: JWTVerifyOptions = {}) =>
    jwtVerify(token, keys, { issuer: service.issuer, audience: 'latchkey-api', typ: 'at+jwt', ...more })
  const tokenOf = async (more: Readonly<Record<string, string>> = {}) => {
    const form = { grant_type: 'client_credentials', client_id: client.id, client_secret: client.secret, ...more }
    const answer = await service.send('POST', '/oauth2/token', { form })
    return answer.json<{ access_token: string }>().access_token
  }

  t.test(`jose verifies ${algorithm} tokens of users and of services by the published keys`, async (t) => {
    const { accessToken, id } = await signInAdmin(service)
    for (const [token, sub] of [
      [accessToken, id],
      [await tokenOf(), client.id]
    ] as const) {
      const { payload, protectedHeader } = await verify(token)
      t.strictSame(payload, claimsOf(token))
      t.match(payload, { sub, aud: 'latchkey-api' })
      t.match(protectedHeader, { alg: algorithm, typ: 'at+jwt' })
    }
    const forLedger = await tokenOf({ resource: LEDGER })
    t.match((await verify(forLedger, { audience: LEDGER })).payload, { sub: client.id, aud: LEDGER })
  })

  t.test(`jose refuses ${algorithm} tokens that were changed, or are meant for somebody else`, async (t) => {
    const token = await tokenOf()
    const unexpected = (claim: string) => ({ code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', claim })
    const signature = { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' }
    for (const claims of [{ sub: 'somebody else' }, { scope: 'audit:read' }, { exp: 2 ** 40 }]) {
      await t.rejects(verify(tampered(token, claims)), signature)
    }
    await t.rejects(verify(token, { audience: LEDGER }), unexpected('aud'))
    await t.rejects(verify(await tokenOf({ resource: LEDGER })), unexpected('aud'))
    await t.rejects(verify(token, { issuer: 'https://elsewhere.example.com' }), unexpected('iss'))
    await t.rejects(verify(token, { typ: 'JWT' }), unexpected('typ'))
    await t.rejects(verify(token, { currentDate: new Date(Date.now() + 3_600_000) }), { code: 'ERR_JWT_EXPIRED' })
  })

  t.test(`jose knows none of the keys of another service, which has ${algorithm} too`, async (t) => {
    const other = await startApp(t, { ISSUER: service.issuer, JWT_ALGORITHM: algorithm })
    const { accessToken } = await signInAdmin(other)
    await t.rejects(verify(accessToken), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
  })
}
