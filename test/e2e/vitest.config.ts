import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { PlainReporter } from '../plain-reporter.ts'

/** The files follow each other by name: the first installs what the others use, the last takes it away. */
class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve([...files].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1)))
  }
}

/** What is shown on a real cluster: `npm run test:e2e`, with KUBECONFIG set, kubectl and helm in PATH. */
export default defineConfig({
  test: {
    include: ['test/e2e/*.test.ts'],
    globalSetup: ['test/e2e/set-up.ts'],
    fileParallelism: false,
    sequence: { sequencer: ByName },
    pool: 'forks',
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: [['default', { summary: false }], new PlainReporter()],
  },
})
