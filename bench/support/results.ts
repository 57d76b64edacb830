import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import type { Cell, Suite, Table } from './suite.ts'

const FILE = join(import.meta.dirname, '../RESULTS.md')
const TITLE =
  '# Results\n\nWritten by `npm run bench -- --suite NAME`, which replaces the part of the suite and leaves the others.\n'

/** The part of RESULTS.md that one suite writes. */
export function sectionOf(
  name: string,
  { about }: Suite,
  tables: readonly Table[],
  conditions: readonly string[]
): string {
  const parts = [
    `## ${name}`,
    ...about,
    conditions.map((line) => `- ${line}`).join('\n'),
    ...tables.flatMap((table) => [`### ${table.title}`, markdownOf(table)])
  ]
  return `${parts.join('\n\n')}\n`
}

/** What the figures were obtained with. Taken before the run, so that the load is that of others. */
export function conditionsOf(command: string, version: string): string[] {
  const all = cpus()
  const load = loadavg().map((value) => value.toFixed(1))
  return [
    `Command: \`${command}\`, ${new Date().toISOString().slice(0, 10)}`,
    `Versions: Latchkey ${version}, Node.js ${process.versions.node}, V8 ${process.versions.v8}, ${type()} ${release()} ${process.arch}`,
    `Machine: ${all.length} cores (${all[0]?.model.trim() ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB; load averages before the run ${load.join(', ')}`,
    'A figure is the median of the rounds, in brackets the quartiles; a ratio is that of the ratios within each round.'
  ]
}

export function writeSection(name: string, section: string): void {
  const others = readSections().filter((other) => !other.startsWith(`## ${name}\n`))
  writeFileSync(FILE, [TITLE, ...[...others, section].sort()].join('\n'))
}

function readSections(): string[] {
  try {
    const [, ...sections] = readFileSync(FILE, 'utf8').split(/^(?=## )/m)
    return sections.map((section) => `${section.trimEnd()}\n`)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

function markdownOf({ columns, rows }: Table): string {
  const lines = [columns, ...rows.map((row) => row.map(textOf))]
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`
  return [row(columns), rule, ...lines.slice(1).map(row)].join('\n')
}

function textOf(cell: Cell): string {
  if (typeof cell === 'string') return cell
  if (typeof cell === 'number') return short(cell)
  return `${short(cell.median)} (${short(cell.low)}–${short(cell.high)})`
}

/** Three digits tell what rounds can tell. */
const short = (value: number) =>
  Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
