/** What a script that is no test of tap tries, one line each, and at the end how many held. */
export interface Attempts {
  readonly attempt: (name: string, run: () => Promise<void>) => Promise<void>
  /** Prints the closing line, and lets the process end with 1 where something failed. */
  readonly close: () => void
}

export function createAttempts(): Attempts {
  let passed = 0
  let failed = 0
  return {
    async attempt(name, run) {
      try {
        await run()
        passed++
        console.log(`ok - ${name}`)
      } catch (error) {
        failed++
        const text = String(error instanceof Error ? error.stack : error)
        console.log(`not ok - ${name}\n${text.replaceAll(/^/gm, '    ')}`)
      }
    },
    close() {
      console.log(`${passed} passed, ${failed} failed`)
      process.exitCode = failed === 0 ? 0 : 1
    }
  }
}
