/** The most that closed within a tenth of a second. */
export function largestBurst(closedMs: readonly number[]): number {
  const sorted = [...closedMs].sort((a, b) => a - b)
  let from = 0
  let most = 0
  sorted.forEach((at, i) => {
    while (at - (sorted[from] ?? 0) > 100) from++
    most = Math.max(most, i - from + 1)
  })
  return most
}
