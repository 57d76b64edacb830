import { randomBytes } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RootSecretMissing } from '../domain/sealing.ts'

/**
 * The root secret of an embedded database, kept in a file beside its folder, so that a copy of the folder alone opens
 * nothing. It is made at the first start only: once there are keys, a missing file is an error and never a new secret.
 *
 * @throws RootSecretMissing
 */
export async function rootSecretBeside(path: string, keysExist: boolean): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  if (keysExist)
    throw new RootSecretMissing(`The root secret ${path} is missing, and the keys in the database are sealed under it.`)
  const secret = randomBytes(32).toString('base64url')
  const file = await open(path, 'wx', 0o600)
  await file.writeFile(`${secret}\n`)
  await file.sync()
  await file.close()
  const folder = await open(dirname(path))
  await folder.sync()
  await folder.close()
  return secret
}
