import { defineConfig } from 'vitest/config'
import { PlainReporter } from '../plain-reporter.ts'

/** What needs a real cluster: `npm run test:cluster`, with KUBECONFIG set and kubectl in PATH. */
export default defineConfig({
  test: {
    include: ['test/cluster/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 60_000,
    reporters: [['default', { summary: false }], new PlainReporter()],
  },
})
