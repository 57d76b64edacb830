import fastifyJwt, { type SignOptions } from '@fastify/jwt'
import Fastify from 'fastify'
import { ACCESS_TOKEN_TYPE, type AccessClaims } from '../src/domain/access-token.ts'
import type { SigningKey } from '../src/domain/key-ring.ts'

/** Makes an access token of claims. */
export type Signer = (claims: AccessClaims) => string

/**
 * @fastify/jwt over one key, on an instance of its own: its decorators, whose verification is too lenient, are nowhere to be
 * had. To give it another key with each call instead would parse the key each time, ten times the work of the signature.
 */
export async function createKeySigner({ kid, algorithm, privateKey }: SigningKey): Promise<Signer> {
  const scope = Fastify()
  // fast-jwt takes `header` as well, which the types of @fastify/jwt leave out of what may be said of all tokens.
  const options: Partial<SignOptions> & { readonly header: object } = {
    algorithm,
    kid,
    header: { alg: algorithm, typ: ACCESS_TOKEN_TYPE, kid }
  }
  // The public half is never asked: `verifyToken` has its own ring. A function is what the plugin takes for "later".
  const nobody = () => Promise.reject(new Error('Tokens are verified by verifyToken alone.'))
  await scope.register(fastifyJwt, { secret: { private: privateKey, public: nobody }, sign: options })
  await scope.ready()
  return (claims) => scope.jwt.sign(claims)
}
