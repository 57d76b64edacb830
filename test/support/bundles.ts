import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Plugin } from 'esbuild'
import { SCRATCH_WITHIN, scratchPrefix } from './scratch.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What `latchkey` is, as a path from the root of the project. */
export const PROGRAM = 'src/cli/main.ts'

/** Packages of hundreds of small modules each. All others stay outside, and are loaded as they always are. */
const INSIDE = /^(@sinclair\/typebox|drizzle-orm|uuid)(\/|$)/

/**
 * Makes of each source, with all that it imports, one file that Node runs as it is. A run of the tests starts hundreds
 * of processes, and each would spend two seconds on loading six hundred modules one by one.
 * @param sources paths from the root of the project
 */
export async function makeBundles(sources: readonly string[], folder: string): Promise<void> {
  const { build } = await import('esbuild')
  await build({
    absWorkingDir: root,
    entryPoints: [...sources],
    outdir: folder,
    outbase: root,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    sourcesContent: false,
    plugins: [packages, places]
  })
}

/** A new folder for bundles, which whoever asks for it is to remove. */
export function bundleFolder(): string {
  mkdirSync(SCRATCH_WITHIN, { recursive: true })
  return mkdtempSync(scratchPrefix(SCRATCH_WITHIN))
}

/** Path of the bundle of a source. */
export const bundleOf = (source: string, folder: string): string => join(folder, source.replace(/\.ts$/, '.mjs'))

let program: Promise<string> | null = null

/** Path of the bundle of `latchkey`. It comes from run.ts, or else, for a file that is run by hand, is made here once. */
export const programBundle = (): Promise<string> => (program ??= findProgram())

async function findProgram(): Promise<string> {
  const given = process.env['TEST_BUNDLES']
  if (given !== undefined) return bundleOf(PROGRAM, given)
  const own = bundleFolder()
  process.once('exit', () => {
    rmSync(own, { recursive: true, force: true })
  })
  await makeBundles([PROGRAM], own)
  return bundleOf(PROGRAM, own)
}

const packages: Plugin = {
  name: 'packages',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ kind, path }) =>
      kind === 'entry-point' || INSIDE.test(path) ? undefined : { path, external: true }
    )
  }
}

/** `import.meta` goes on saying where the source is, from where it finds its neighbours. */
const places: Plugin = {
  name: 'places',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8')
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
    }))
  }
}
