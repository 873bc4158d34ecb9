import type { Log } from '../base/log.ts'
import { printSourceProblem, type SourceProblem } from '../controller/sources/stock.ts'

/** Says what is newly wrong with files: manifests, or the settings. */
export function reportProblems(
  next: readonly SourceProblem[],
  before: readonly SourceProblem[],
  log: Log,
): void {
  const known = new Set(before.map(printSourceProblem))
  for (const problem of next.map(printSourceProblem))
    if (!known.has(problem))
      log.warn('a file has a problem; what it held before stays in force', { problem })
}
