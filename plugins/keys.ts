import { randomBytes } from 'node:crypto'
import fp from 'fastify-plugin'
import { createKeyRepository } from '../src/db/keys.ts'
import { rootSecretBeside } from '../src/db/root-secret.ts'
import type { SigningAlgorithm } from '../src/domain/access-token.ts'
import { createKeyRing, type KeyRing } from '../src/domain/keys.ts'
import { createSeals } from '../src/domain/sealing.ts'

declare module 'fastify' {
  interface FastifyInstance {
    readonly keys: KeyRing
  }
}

export interface KeysOptions {
  readonly algorithm: SigningAlgorithm
  /** Newest first; empty where the secret is in a file beside an embedded database, or of no consequence in memory. */
  readonly rootSecrets: readonly string[]
  readonly rootSecretFile: string | null
}

/** The key ring of this installation, opened with its root secret. */
export default fp(
  async (app, { algorithm, rootSecrets, rootSecretFile }: KeysOptions) => {
    const repository = createKeyRepository(app.database)
    const [newest, ...older] = rootSecrets
    const seals = createSeals(newest === undefined ? [await foundOrMade()] : [newest, ...older])
    app.decorate('keys', createKeyRing(await repository.ensure(algorithm, seals), algorithm, seals))

    async function foundOrMade() {
      if (rootSecretFile === null) return randomBytes(32).toString('base64url')
      return rootSecretBeside(rootSecretFile, (await repository.all()).length > 0)
    }
  },
  { name: 'keys', fastify: '5.x', dependencies: ['database'] }
)
