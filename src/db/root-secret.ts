import { randomBytes } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createSeals, RootSecretMissing, type Seals } from '../domain/sealing.ts'

/** As many as a root secret from the environment must have. */
const LEAST_CHARACTERS = 32

export interface RootSecrets {
  /** Newest first; empty where the secret is in a file beside an embedded database, or of no consequence in memory. */
  readonly rootSecrets: readonly string[]
  readonly rootSecretFile: string | null
}

/**
 * What the keys of this installation are sealed with.
 *
 * @throws RootSecretMissing
 */
export async function openSeals({ rootSecrets, rootSecretFile }: RootSecrets, keysExist: boolean): Promise<Seals> {
  const [newest, ...older] = rootSecrets
  if (newest !== undefined) return createSeals([newest, ...older])
  return createSeals([
    rootSecretFile === null ? randomBytes(32).toString('base64url') : await rootSecretBeside(rootSecretFile, keysExist)
  ])
}

/**
 * The root secret of an embedded database, kept in a file beside its folder, so that a copy of the folder alone opens
 * nothing. It is made at the first start only: once there are keys, a missing file is an error and never a new secret.
 *
 * @throws RootSecretMissing
 */
export async function rootSecretBeside(path: string, keysExist: boolean): Promise<string> {
  const kept = await read(path)
  if (kept !== null) {
    if (kept.length < LEAST_CHARACTERS) throw new RootSecretMissing(`The root secret ${path} is empty or cut short.`)
    return kept
  }
  if (keysExist)
    throw new RootSecretMissing(`The root secret ${path} is missing, and the keys in the database are sealed under it.`)
  const secret = randomBytes(32).toString('base64url')
  // It has its name only once it is whole: what a crash left empty would be a secret that everybody knows.
  const part = `${path}.new`
  const file = await open(part, 'w', 0o600)
  await file.writeFile(`${secret}\n`)
  await file.sync()
  await file.close()
  await rename(part, path)
  const folder = await open(dirname(path))
  await folder.sync()
  await folder.close()
  return secret
}

async function read(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
