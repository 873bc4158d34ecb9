const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const longestMs = 24 * 3_600_000

/** The form of a duration: as Gateway API has it (GEP-2257). */
export const durationPattern = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/

/** As it would be written: `1h30m`, `250ms`, `0s`. */
export function printDuration(ms: number): string {
  let left = ms
  const parts = (['h', 'm', 's', 'ms'] as const).map((unit) => {
    const size = units[unit] as number
    const count = Math.floor(left / size)
    left -= count * size
    return count === 0 ? '' : `${count}${unit}`
  })
  return parts.join('') || '0s'
}

/**
 * Milliseconds of a Kubernetes duration: `250ms`, `30s`, `1h30m`; at most 24 h. Undefined for anything else:
 * nothing is clamped.
 */
export function parseDuration(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined
  let total = 0
  for (const [, count, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g))
    total += Number(count) * (units[unit as string] as number)
  return total <= longestMs ? total : undefined
}
