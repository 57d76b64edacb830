import type { Test } from './database.ts'

/** The teardown of a script, which is no test: last first, as in tap. */
export function createTeardown(): Test & { run(): Promise<void> } {
  const all: (() => unknown)[] = []
  return {
    teardown: (what) => all.unshift(what),
    async run() {
      for (const what of all.splice(0)) await what()
    }
  }
}

/** Runs a script to its end, takes down what it set up, and ends the process: with 1 where it threw, or where it says so. */
export async function runScript(main: (t: Test) => Promise<{ readonly failed: boolean }>): Promise<never> {
  const teardown = createTeardown()
  let failed = true
  try {
    failed = (await main(teardown)).failed
  } catch (error) {
    console.log(error)
  } finally {
    await teardown.run()
  }
  process.exit(failed ? 1 : 0)
}
