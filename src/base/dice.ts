/** A source of numbers in [0, 1). Passed in, so that tests can seed it. */
export type Dice = () => number

export const systemDice: Dice = () => Math.random()

/** A deterministic dice (mulberry32) for tests and drills. */
export function seededDice(seed: number): Dice {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
