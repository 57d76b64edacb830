import fp from 'fastify-plugin'
import type { IssuerConfig } from '../src/config/issuer-settings.ts'
import type { ExternalIssuer, ExternalIssuers } from '../src/domain/external-token.ts'
import type { KeySource } from '../src/domain/verify-token.ts'
import { mediaTypeOf } from '../src/domain/verification-steps.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whose tokens are accepted beside our own, with the keys that they publish. */
    readonly externalIssuers: ExternalIssuers
  }
}

export interface ExternalIssuersOptions {
  readonly issuers: readonly IssuerConfig[]
}

/**
 * Nothing is fetched before the first token of an issuer comes: no start depends on somebody else's service. Without issuers
 * not even what fetches is loaded.
 */
export default fp(
  async (app, { issuers }: ExternalIssuersOptions) => {
    if (issuers.length === 0) {
      app.decorate('externalIssuers', new Map())
      return
    }
    const { issuerKeys } = await import('../src/remote/issuer-keys.ts')
    const { createRemoteKeys } = await import('../src/remote/remote-keys.ts')
    const closing = new AbortController()
    app.addHook('onClose', (_app, done) => {
      closing.abort()
      done()
    })

    function keysOf({ issuer, algorithms }: IssuerConfig): KeySource {
      let said = ''
      /** Once, until it is something else. */
      const say = (level: 'info' | 'warn', text: string, details: object) => {
        const line = `${text} ${JSON.stringify(details)}`
        if (line !== said && !closing.signal.aborted) app.log[level]({ issuer, ...details }, text)
        said = line
      }
      return createRemoteKeys({
        fetchKeys: issuerKeys(issuer, algorithms),
        closing: closing.signal,
        onFetched({ keys, leftOut }) {
          const details = { kids: [...keys.keys()], leftOut }
          say(keys.size > 0 ? 'info' : 'warn', 'The keys of an external issuer were fetched.', details)
        },
        onFailed(error) {
          const why = error instanceof Error ? error.message : String(error)
          say('warn', 'The keys of an external issuer cannot be fetched.', { why })
        }
      })
    }

    const known = issuers.map((config): readonly [string, ExternalIssuer] => [
      config.issuer,
      {
        issuer: config.issuer,
        audience: config.audience,
        algorithms: new Set(config.algorithms),
        types: new Set(config.types.map(mediaTypeOf)),
        keys: keysOf(config),
        roleClaim: config.roleClaim,
        roleMap: new Map(Object.entries(config.roleMap))
      }
    ])
    app.decorate('externalIssuers', new Map(known))
  },
  { name: 'external-issuers', fastify: '5.x' }
)
