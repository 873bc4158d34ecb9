import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/**
 * Ends the output with `N passed, N failed`, alone on its line and without colours, for scripts to read.
 * What fails outside a test (a file that does not load, an unhandled rejection) counts as one failure each.
 */
export class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const count = { passed: 0, failed: unhandled.length, skipped: 0 }
    for (const module of modules) {
      count.failed += module.errors().length
      for (const suite of module.children.allSuites()) count.failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const state = test.result().state
        count[state === 'pending' ? 'skipped' : state]++
      }
    }
    if (modules.length === 0) count.failed++
    if (count.skipped > 0) process.stdout.write(`${count.skipped} skipped\n`)
    process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`)
  }
}
