import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { StartRefused } from './start-refused.ts'

/** Seals secrets for storage under the root secret. */
export interface Seals {
  /** Names the newest root secret without telling anything of it; stored beside what it sealed. */
  readonly newest: string
  /** `context` is bound to the result: what was sealed as one thing does not open as another. */
  seal(plain: Uint8Array, context: string): Uint8Array
  /** @throws RootSecretMissing where no listed root secret is named `sealedUnder`; Error where the bytes were changed. */
  open(sealed: Uint8Array, sealedUnder: string, context: string): Uint8Array
}

export class RootSecretMissing extends StartRefused {
  constructor(message = 'The root secret that the keys in the database are sealed under is not among those given.') {
    super(message)
  }
}

const IV_BYTES = 12
const TAG_BYTES = 16

/**
 * AES-256-GCM (ASVS v5.0.0-11.3.2) under a key that HKDF (RFC 5869) derives from each root secret; it is 32 random bytes
 * or more, so no slow derivation is needed. Random 96-bit IVs are safe far beyond the few keys that are ever sealed.
 *
 * @param rootSecrets newest first, at least one
 */
export function createSeals(rootSecrets: readonly [string, ...string[]]): Seals {
  const [newest] = rootSecrets.map((secret) => ({ name: nameOf(secret), key: sealingKey(secret) }))
  const byName = new Map(rootSecrets.map((secret) => [nameOf(secret), sealingKey(secret)]))
  if (newest === undefined) throw new RootSecretMissing()
  return {
    newest: newest.name,
    seal(plain, context) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', newest.key, iv).setAAD(Buffer.from(context))
      return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
    },
    open(sealed, sealedUnder, context) {
      const key = byName.get(sealedUnder)
      if (key === undefined) throw new RootSecretMissing()
      const iv = sealed.subarray(0, IV_BYTES)
      const tag = sealed.subarray(-TAG_BYTES)
      const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(context))
        .setAuthTag(tag)
      return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
    }
  }
}

const derive = (secret: string, info: string, bytes: number) => Buffer.from(hkdfSync('sha256', secret, '', info, bytes))
const sealingKey = (secret: string) => derive(secret, 'latchkey sealing 1', 32)
const nameOf = (secret: string) => derive(secret, 'latchkey root secret name 1', 8).toString('hex')
