import { setTimeout as delay } from 'node:timers/promises'
import fp from 'fastify-plugin'
import { openKeeper } from '../src/db/key-keeper.ts'
import { createKeyRepository } from '../src/db/keys.ts'
import type { RootSecrets } from '../src/db/root-secret.ts'
import type { AccessClaims } from '../src/domain/access-token.ts'
import type { Act } from '../src/domain/act.ts'
import { cacheSeconds, currentOf, type KeyPolicy } from '../src/domain/key-life.ts'
import type { KeyRing, PublishedKey, SigningKey } from '../src/domain/key-ring.ts'
import type { StoredKey } from '../src/domain/keys.ts'
import { Problem } from '../src/domain/problems.ts'
import { holdKeys } from './held-keys.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The key ring of this installation: one object, whose content is what is stored, about a second ago at most. */
    readonly keys: Pick<KeyRing, 'find' | 'currentMac' | 'findMac'> & {
      /** The key that access tokens are signed with now. */
      readonly signing: SigningKey
      readonly sign: (claims: AccessClaims) => string
      /** The public keys; none that is revoked, from the moment that this is known here. */
      readonly published: () => readonly PublishedKey[]
      /** For how long they may be kept. */
      readonly cacheSeconds: number
      /** Resolves once the ring is as it is stored now. @throws Problem `unavailable` */
      readonly learn: () => Promise<void>
      /** The signing keys that are stored. */
      readonly list: () => Promise<readonly StoredKey[]>
      readonly rotate: (act: Act) => Promise<StoredKey>
      readonly revoke: (kid: string, act: Act) => Promise<boolean>
    }
  }
}

export interface KeysOptions extends KeyPolicy, RootSecrets {}

/** Milliseconds between two looks at the keys, about: each is one small reading. Not all instances look at the same instant. */
const LOOK_EVERY = { least: 800, most: 1200 } as const
/** Milliseconds from one look to the next, however many ask for one: forged kids cost 20 small readings a second at most. */
const LOOK_APART = 50

/** The key ring of this installation, opened with its root secret, kept up and followed. */
export default fp(
  async (app, options: KeysOptions) => {
    const { revocations } = app
    const { algorithm, intervalSeconds } = options
    const repository = createKeyRepository(app.database, revocations.apply)
    const { keeper, seals, isAged } = await openKeeper(repository, options, { algorithm, intervalSeconds })
    const rewrapped = isAged ? await keeper.rewrap() : 0
    if (rewrapped > 0) app.log.info(`${rewrapped} keys were sealed anew under the newest root secret.`)

    let changes = true
    async function upkept(): Promise<readonly StoredKey[]> {
      const { keys } = await keeper.upkeep(changes)
      if (currentOf(keys.filter(isForSigning))?.algorithm === algorithm) changes = false
      // A revoked key stays so however long its entry of the journal is past: the key itself says it, too.
      revocations.apply(keys.flatMap(revocationOf))
      return keys
    }
    const held = await holdKeys(await upkept(), seals, app.log)

    let began = performance.now()
    let looking: Promise<void> = Promise.resolve()
    let asked: Promise<void> | null = null
    async function look() {
      await held.take(await upkept())
    }
    /** A look that begins from now on; all who ask for one until it begins share it. */
    async function lookAnew() {
      await looking.catch(() => undefined)
      await delay(Math.max(0, began + LOOK_APART - performance.now()))
      asked = null
      began = performance.now()
      looking = look()
      return looking
    }
    const learn = () => (asked ??= lookAnew())

    let failing = false
    let closing = false
    let timer: NodeJS.Timeout
    async function lookOnce() {
      try {
        await learn()
        if (failing) app.log.info('The keys can be read again.')
        failing = false
      } catch (error) {
        if (!failing && !closing) app.log.error({ err: error }, 'The keys cannot be kept up.')
        failing = true
      }
    }
    const next = () => {
      const wait = LOOK_EVERY.least + Math.random() * (LOOK_EVERY.most - LOOK_EVERY.least)
      timer = setTimeout(() => void lookOnce().finally(() => !closing && next()), wait).unref()
    }
    next()
    // Where a key was revoked, another has taken its place.
    const unfollow = revocations.follow(({ kind }) => void (kind === 'key' && !closing && lookOnce()))
    app.addHook('onClose', async () => {
      closing = true
      unfollow()
      clearTimeout(timer)
      await Promise.allSettled([asked, looking])
    })

    function signing(): SigningKey {
      const key = held.ring.signers.find(({ kid }) => !revocations.isKeyRevoked(kid))
      if (key !== undefined) return key
      throw new Problem('unavailable', { detail: 'There is no key to sign with.', retryAfterSeconds: 1 })
    }

    app.decorate('keys', {
      get signing() {
        return signing()
      },
      sign: (claims) => held.signerOf(signing())(claims),
      find: (kid) => held.ring.find(kid),
      currentMac: (purpose) => held.ring.currentMac(purpose),
      findMac: (purpose, kid) => held.ring.findMac(purpose, kid),
      published: () => held.ring.published.filter(({ kid }) => kid !== undefined && !revocations.isKeyRevoked(kid)),
      cacheSeconds: cacheSeconds(intervalSeconds),
      learn,
      list: async () => (await repository.read()).keys.filter(isForSigning),
      async rotate(act) {
        const key = await keeper.rotate(act)
        await learn()
        return key
      },
      async revoke(kid, act) {
        const found = await keeper.revoke(kid, act)
        if (found) await learn()
        return found
      }
    })
  },
  { name: 'keys', fastify: '5.x', dependencies: ['database', 'revocations'] }
)

const isForSigning = ({ purpose }: StoredKey) => purpose === 'sign'

const revocationOf = ({ kid, revokedAt, verifiesUntil }: StoredKey) =>
  revokedAt === null
    ? []
    : [{ kind: 'key' as const, id: kid, staleBelow: null, revokedBelow: null, until: verifiesUntil?.getTime() ?? 0 }]
