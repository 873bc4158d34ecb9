import { configDefaults, defineConfig } from 'vitest/config'
import { PlainReporter } from './test/plain-reporter.ts'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      ...['bench', 'cluster', 'drills', 'e2e'].map((name) => `test/${name}/**`),
    ],
    pool: 'forks',
    maxWorkers: 3,
    testTimeout: 30_000,
    reporters: [['default', { summary: false }], new PlainReporter()],
  },
})
