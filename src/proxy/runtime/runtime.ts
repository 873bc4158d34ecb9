import type { Clock } from '../../base/clock.ts'
import type { Dice } from '../../base/dice.ts'
import type { Snapshot } from '../../model/snapshot.ts'

/** The live form of one snapshot. State with a stable id moves on from the runtime before it (invariant 8). */
export interface Runtime {
  readonly snapshot: Snapshot
  readonly clock: Clock
  readonly dice: Dice
}
