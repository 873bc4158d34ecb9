import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'

/**
 * FAIRLEAD_DIFFERENTIAL_RUNS sets how many inputs a differential test tries, FAIRLEAD_DIFFERENTIAL_SEED where they begin:
 * a failure prints its seed. With RUNS and without SEED the seed is another one every time.
 */
const wanted = process.env['FAIRLEAD_DIFFERENTIAL_RUNS']
/** Inputs under way at once: while one waits for its bytes to be read, others go on. */
const lanes = 16
export const runs = lanes * Math.ceil(Number(wanted ?? 1600) / lanes)
const seed = Number(
  process.env['FAIRLEAD_DIFFERENTIAL_SEED'] ?? (wanted === undefined ? 1 : Date.now() % 2 ** 31),
)

/** Checks `runs` inputs, each lane with a seed of its own. Rejects with the smallest input that fails, and its seed. */
export async function inLanes<T>(
  input: fc.Arbitrary<T>,
  check: (input: T) => Promise<void>,
): Promise<void> {
  const property = fc.asyncProperty(input, check)
  const lane = (at: number) => fc.assert(property, { seed: seed + at, numRuns: runs / lanes })
  await Promise.all(Array.from({ length: lanes }, (_, at) => lane(at)))
}

/** Told by a plain throw: `expect` costs as much as a delivery. */
export function same(what: string, ours: unknown, theirs: unknown): void {
  if (isDeepStrictEqual(ours, theirs)) return
  throw new Error(`${what}: ${JSON.stringify(ours)}, and not ${JSON.stringify(theirs)}`)
}

/** The positions between any two bytes. */
export const everyByte = (bytes: Buffer): number[] =>
  Array.from({ length: Math.max(bytes.length - 1, 0) }, (_, i) => i + 1)
