/** `coordination.k8s.io/v1` Lease, as far as an election looks at it. */
export interface Lease {
  readonly metadata: {
    readonly resourceVersion?: string
    readonly name: string
    readonly namespace: string
  }
  readonly spec: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    readonly leaseTransitions?: number
    readonly acquireTime?: string
    readonly renewTime?: string
  }
}

/** What a candidate has seen of the lease and when, on its own monotonic clock: other clocks are not believed (K7). */
export interface Observation {
  readonly record: string
  readonly atMs: number
}

const leaseMs = 15_000

const recordOf = ({ spec }: Lease): string =>
  `${spec.holderIdentity} ${spec.renewTime} ${spec.leaseTransitions}`

/** Takes a look: time counts from when the record last changed. */
export const observe = (
  lease: Lease,
  before: Observation | undefined,
  nowMs: number,
): Observation => {
  const record = recordOf(lease)
  return before?.record === record ? before : { record, atMs: nowMs }
}

/** Nobody holds it, or its holder has not renewed it for as long as it promised to. */
export const isFree = ({ spec }: Lease, { atMs }: Observation, nowMs: number): boolean =>
  (spec.holderIdentity ?? '') === '' || nowMs - atMs > (spec.leaseDurationSeconds ?? 15) * 1000

/** RFC 3339 with microseconds (`V1MicroTime`). */
const microTime = (wallMs: number): string => new Date(wallMs).toISOString().replace('Z', '000Z')

/**
 * The first epoch of a lease that is made anew: seconds since 2020, so that an epoch does not fall back when somebody
 * deletes the Lease, and proxies go on believing the leader.
 */
export const firstEpoch = (wallMs: number): number =>
  Math.floor((wallMs - Date.UTC(2020, 0, 1)) / 1000)

/** The lease as its holder writes it for the first time: with an epoch of its own, also after a restart under the same name. */
export function taken(lease: Lease, identity: string, wallMs: number): Lease {
  const now = microTime(wallMs)
  const leaseTransitions = (lease.spec.leaseTransitions ?? 0) + 1
  const spec = { holderIdentity: identity, leaseDurationSeconds: leaseMs / 1000, leaseTransitions }
  return { ...lease, spec: { ...spec, acquireTime: now, renewTime: now } }
}

/** The lease as its holder goes on holding it. */
export const renewed = (lease: Lease, wallMs: number): Lease => ({
  ...lease,
  spec: { ...lease.spec, renewTime: microTime(wallMs) },
})

/** The lease as its holder leaves it: whoever looks next may take it. */
export const released = (lease: Lease): Lease => ({
  ...lease,
  spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1 },
})
