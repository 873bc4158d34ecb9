import type { ObjectStatus } from '../model/problem.ts'
import type { Settings } from '../model/settings.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { SourceProblem } from './sources/stock.ts'

/** What a compile came to, and what stands in its way. */
export interface ControllerState {
  readonly snapshot: Snapshot
  readonly statuses: readonly ObjectStatus[]
  /** Problems with files and with documents that are no objects of ours. */
  readonly problems: readonly SourceProblem[]
  readonly settings: Settings
  readonly compileMs: number
}

/** The controller of a directory: files in, snapshots out. */
export interface Controller {
  /** Reads and publishes once, then watches. Throws when the directory cannot be read or the settings are broken. */
  start(): void
  close(): void
}
