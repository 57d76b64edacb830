export interface SettingProblem {
  /** The variable that was read: `NAME` or `NAME_FILE`. */
  readonly name: string
  /** What it holds, quoted as in JSON and cut to a readable length; `(hidden)` for a secret, `nothing` where it is not set. */
  readonly got: string
  readonly takes: string
}

/** Settings are wrong or missing: every one of them, so that a start is not a guessing game. Holds no secret. */
export class BadSettings extends Error {
  override readonly name = 'BadSettings'
  readonly problems: readonly SettingProblem[]

  constructor(problems: readonly SettingProblem[]) {
    const lines = problems.map(({ name, got, takes }) => `${name}: got ${got}; takes ${takes}`)
    super(['These settings are wrong:', ...lines].join('\n  '))
    this.problems = problems
  }
}

export const NOTHING = 'nothing'
export const HIDDEN = '(hidden)'
const MOST_SHOWN = 120

/** Fit for a log: one line, and without what stands between `//` and the last `@`, where URLs carry passwords. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value).replace(/\/\/.*@/, `//${HIDDEN}@`)
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text
}
