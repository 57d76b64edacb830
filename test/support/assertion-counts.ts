import type { Engine } from './database.ts'

/** One test file of one run, as the reporter writes it. A file that crashed has one failure at least. */
export interface FileReport {
  readonly file: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export interface Run {
  /** `none` for files that are not run over several. */
  readonly engine: Engine | 'none'
  readonly files: readonly FileReport[]
}

/**
 * Names each file that did not make the same number of assertions over all engines: a test that is left out over one engine
 * would otherwise look like one that passed.
 */
export function unequalCounts(all: readonly Run[]): readonly string[] {
  const runs = all.filter(({ engine }) => engine !== 'none')
  const names = new Set(runs.flatMap(({ files }) => files.map(({ file }) => file)))
  return [...names].sort().flatMap((name) => {
    const counts = runs.map((run) => ({ engine: run.engine, count: assertionsOf(run, name) }))
    if (counts.every(({ count }) => count === counts[0]?.count)) return []
    return [`${name} made ${counts.map(({ engine, count }) => `${count} assertions over ${engine}`).join(', ')}`]
  })
}

/** The last line of a run: `N passed, N failed`, and what was skipped where anything was. */
export function closingLine(runs: readonly Run[], faults: readonly string[]): { line: string; passed: boolean } {
  const files = runs.flatMap((run) => run.files)
  const sum = (count: (file: FileReport) => number) => files.reduce((total, file) => total + count(file), 0)
  const passed = sum((file) => file.passed)
  const failed = sum((file) => file.failed) + faults.length
  const skipped = sum((file) => file.skipped)
  const line = `${passed} passed, ${failed} failed`
  return {
    line: skipped > 0 ? `${line}, ${skipped} skipped` : line,
    // A promise that was not put to the test is not one that was kept.
    passed: passed > 0 && failed === 0 && skipped === 0
  }
}

function assertionsOf(run: Run, name: string): number {
  const report = run.files.find(({ file }) => file === name)
  return report === undefined ? 0 : report.passed + report.failed + report.skipped
}
