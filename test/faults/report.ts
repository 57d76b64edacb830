import type { Violation } from './evidence.ts'
import { lineOf } from './history.ts'
import type { Round } from './round.ts'

/** Operations of a violation that are printed. */
const MOST_LINES = 30

export function lineOfRound({ name, fault, verdict, longestRecovery, operations }: Round): string {
  const { acknowledged, unknown, lost, greatestLateness, violations } = verdict
  const end = violations.length === 0 ? 'ok' : `${violations.length} VIOLATIONS`
  return (
    `${name.padEnd(5)} ${fault.padEnd(26)} ${operations} operations, ${acknowledged} acknowledged, ${unknown} unknown, ` +
    `${lost} lost; late ${greatestLateness.toFixed(0)} ms, back after ${milliseconds(longestRecovery)}: ${end}`
  )
}

/** The promise, what was seen, and the operations that show it. */
export function linesOfViolation({ rule, what, shownBy }: Violation): readonly string[] {
  const left = shownBy.length - MOST_LINES
  return [
    `VIOLATED  ${rule}: ${what}`,
    ...shownBy.slice(0, MOST_LINES).map((operation) => `  ${lineOf(operation)}`),
    ...(left > 0 ? [`  and ${left} more`] : [])
  ]
}

/** A line for each fault, and one for all. */
export function table(rounds: readonly Round[]): string {
  const names = [...new Set(rounds.map(({ fault }) => fault))].sort()
  const rows = [
    ['fault', 'rounds', 'acknowledged', 'unknown', 'lost', 'latest', 'recovery', 'violations'],
    ...names.map((name) =>
      row(
        name,
        rounds.filter(({ fault }) => fault === name)
      )
    ),
    row('all', rounds)
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? []
  const lineOfCells = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ')
  return rows.map(lineOfCells).join('\n')
}

function row(name: string, rounds: readonly Round[]): string[] {
  const sum = (of: (round: Round) => number) => String(rounds.reduce((total, round) => total + of(round), 0))
  const recoveries = rounds.map(({ longestRecovery }) => longestRecovery ?? Infinity)
  const lateness = rounds.map(({ verdict }) => verdict.greatestLateness)
  return [
    name,
    String(rounds.length),
    sum(({ verdict }) => verdict.acknowledged),
    sum(({ verdict }) => verdict.unknown),
    sum(({ verdict }) => verdict.lost),
    milliseconds(Math.max(0, ...lateness)),
    milliseconds(Math.max(0, ...recoveries)),
    sum(({ verdict }) => verdict.violations.length)
  ]
}

const milliseconds = (count: number | null) =>
  count === null || !Number.isFinite(count) ? 'too long' : `${count.toFixed(0)} ms`
