import type { Drill } from './drill.ts'
import { allDown } from './rows/all-down.ts'
import { clockJumps } from './rows/clock-jumps.ts'
import { hundredBroken } from './rows/hundred-broken.ts'
import { idleConnections } from './rows/idle-connections.ts'
import { liveEdits } from './rows/live-edits.ts'
import { manyRoutes } from './rows/many-routes.ts'
import { names } from './rows/names.ts'
import { regionBlackHole } from './rows/region-black-hole.ts'
import { regionFlaps } from './rows/region-flaps.ts'
import { regionHalfFailing } from './rows/region-half-failing.ts'
import { regionKilled } from './rows/region-killed.ts'
import { regionReturns } from './rows/region-returns.ts'
import { regionSlow } from './rows/region-slow.ts'
import { tenBroken } from './rows/ten-broken.ts'
import { webSockets } from './rows/web-sockets.ts'

/** Every drill, in the order of the table. */
export const drills: readonly Drill[] = [
  regionKilled,
  regionBlackHole,
  regionHalfFailing,
  regionSlow,
  regionFlaps,
  regionReturns,
  allDown,
  liveEdits,
  tenBroken,
  hundredBroken,
  names,
  clockJumps,
  idleConnections,
  webSockets,
  ...manyRoutes,
]
