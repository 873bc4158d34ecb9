import { expect, test } from 'vitest'
import type { Log } from '../base/log.ts'
import { reportProblems } from './report-problems.ts'

test('a problem is told once, where it is and what it is; one that stays is not told again', () => {
  const told: unknown[] = []
  const log = { warn: (_: string, facts: object) => void told.push(facts) } as unknown as Log
  const problem = (message: string) => ({ file: 'settings.yaml', line: 0, column: 0, message })
  const old = problem('limits.target: must be between 256 and 64Ki')
  const fresh = problem('limit: is not a field that exists here; did you mean "limits"?')
  reportProblems([old], [], log)
  reportProblems([old, fresh], [old], log)
  expect(told).toEqual([
    { problem: 'settings.yaml: limits.target: must be between 256 and 64Ki' },
    { problem: 'settings.yaml: limit: is not a field that exists here; did you mean "limits"?' },
  ])
})
