// Express with express-oauth2-jwt-bearer as its README shows: keys from a JWKS, which this process serves itself.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { auth, claimIncludes } from 'express-oauth2-jwt-bearer'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { answerQuestions } from './answering.ts'
import { claimsOf } from './claims.ts'
import { ANSWER, HEADERS } from './route.ts'

const AUDIENCE = 'latchkey-api'
const { privateKey, publicKey } = await generateKeyPair('ES256')
const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }

const app = express()
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
const issuer = `http://127.0.0.1:${port}`

app.get('/.well-known/openid-configuration', (_request, response) => {
  response.json({ issuer, jwks_uri: `${issuer}/jwks`, id_token_signing_alg_values_supported: ['ES256'] })
})
app.get('/jwks', (_request, response) => {
  response.json({ keys: [jwk] })
})
app.use(auth({ issuerBaseURL: issuer, audience: AUDIENCE, tokenSigningAlg: 'ES256' }))
app.get('/bench/guarded', claimIncludes('roles', 'admin'), (_request, response) => {
  response.set(HEADERS).json(ANSWER)
})

answerQuestions({
  port: () => port,
  tokens: (count) =>
    Promise.all(
      Array.from({ length: count }, () =>
        new SignJWT(claimsOf(issuer, AUDIENCE, 900)).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(privateKey)
      )
    )
})
