import type { Spread } from './spread.ts'

/** How much is measured. `quick` shows that a suite still works, and no more. */
export type Scale = 'full' | 'quick'

/** One file in bench/suites/ is one suite, its default export, its name the file's. */
export interface Suite {
  /** What is measured, beside what, and what that includes; a paragraph of Markdown each. */
  readonly about: readonly string[]
  /** @throws where an answer is wrong: then there is nothing to count. */
  run(scale: Scale): Promise<readonly Table[]>
}

export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

export type Cell = string | number | Spread

/** Fails the run. A wrong answer that is fast is not a figure. */
export function mustBe<Value>(actual: Value, expected: Value, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`)
}
