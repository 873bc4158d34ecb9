import v8 from 'node:v8'
import type { Clock } from './clock.ts'

/** What is in force in this process, as it was found and not as it was asked for. */
export interface RuntimeFacts {
  /** `Object.prototype.__proto__` is gone. */
  readonly protoDeleted: boolean
  /** A regex that backtracks too much goes on in V8's linear engine. */
  readonly linearRegexes: boolean
  readonly threadPool: number
}

/** Backtracking takes over 4 million steps on this, tens of milliseconds at least; the linear engine a fraction of one. */
const evil = `${'a'.repeat(22)}!`
const mostMs = 20

/** The self-test of the start. It costs a few milliseconds where all is well. */
export function findFacts(clock: Clock, threadPool: number): RuntimeFacts {
  return {
    protoDeleted: !Object.hasOwn(Object.prototype, '__proto__'),
    linearRegexes: Math.min(...[1, 2, 3].map(() => matchMs(clock))) < mostMs,
    threadPool,
  }
}

function matchMs(clock: Clock): number {
  const startedMs = clock.nowMs()
  ;/^(a+)+$/.test(evil)
  return clock.nowMs() - startedMs
}

/** For `/debug/runtime`. */
export const describeRuntime = (facts: RuntimeFacts) => ({
  node: process.version,
  flags: process.execArgv,
  ...facts,
  youngGenerationBytes: v8
    .getHeapSpaceStatistics()
    .filter(({ space_name: name }) => name === 'new_space')
    .reduce((sum, { space_size: size }) => sum + size, 0),
  heapLimit: v8.getHeapStatistics().heap_size_limit,
  memory: process.memoryUsage(),
  uptimeSeconds: process.uptime(),
})
