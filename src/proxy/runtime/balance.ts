import type { Dice } from '../../base/dice.ts'
import type { Balance } from '../../model/snapshot.ts'
import type { LiveEndpoint } from './endpoint.ts'
import { rampOf } from './slow-start.ts'

/** Chooses among the usable endpoints of one backend; the list is never empty. */
export type PickEndpoint = (
  usable: readonly LiveEndpoint[],
  hash: number | undefined,
  slowStartMs: number,
  nowMs: number,
) => LiveEndpoint

export function endpointPicker(balance: Balance, dice: Dice): PickEndpoint {
  switch (balance.policy) {
    case 'RoundRobin':
      return roundRobin()
    case 'Random':
      return (usable, _, slowStartMs, nowMs) =>
        ramped(usable, slowStartMs, nowMs, dice, () => any(usable, dice))
    case 'LeastRequests':
      return leastRequests(dice)
    case 'Hash':
      return (usable, hash) => (hash === undefined ? any(usable, dice) : rendezvous(usable, hash))
  }
}

const any = (usable: readonly LiveEndpoint[], dice: Dice): LiveEndpoint =>
  usable[Math.floor(dice() * usable.length)] as LiveEndpoint

function roundRobin(): PickEndpoint {
  let next = 0
  return (usable) => {
    next = next >= usable.length - 1 ? 0 : next + 1
    return usable[next] as LiveEndpoint
  }
}

/** The better of two taken at random ("power of two choices"): near the best, without a herd on one endpoint. */
function leastRequests(dice: Dice): PickEndpoint {
  return (usable, _, slowStartMs, nowMs) => {
    if (usable.length === 1) return usable[0] as LiveEndpoint
    const first = Math.floor(dice() * usable.length)
    const second = (first + 1 + Math.floor(dice() * (usable.length - 1))) % usable.length
    const a = usable[first] as LiveEndpoint
    const b = usable[second] as LiveEndpoint
    const load = (endpoint: LiveEndpoint) =>
      (endpoint.inFlight + 1) / rampOf(endpoint, slowStartMs, nowMs)
    return load(a) <= load(b) ? a : b
  }
}

/** An endpoint in its slow start is passed over as often as its ramp says. */
function ramped(
  usable: readonly LiveEndpoint[],
  slowStartMs: number,
  nowMs: number,
  dice: Dice,
  pick: () => LiveEndpoint,
): LiveEndpoint {
  const picked = pick()
  return usable.length === 1 || dice() < rampOf(picked, slowStartMs, nowMs) ? picked : pick()
}

/** Highest random weight: when an endpoint goes, only its keys move; when one comes, only to it. */
function rendezvous(usable: readonly LiveEndpoint[], hash: number): LiveEndpoint {
  let best = usable[0] as LiveEndpoint
  let highest = -1
  for (const endpoint of usable) {
    const score = mix(hash ^ hashText(`${endpoint.address}:${endpoint.port}`))
    if (score > highest) {
      highest = score
      best = endpoint
    }
  }
  return best
}

/** FNV-1a, 32 bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** The finalizer of MurmurHash3: every bit of the input moves every bit of the result. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
