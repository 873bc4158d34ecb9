import type { AdminRoute } from '../base/admin.ts'
import type { ControllerState } from '../controller/state.ts'
import type { ObjectStatus } from '../model/problem.ts'
import type { LiveCondition } from '../proxy/runtime/live-conditions.ts'

/** How far the newest snapshot has come. */
export interface Progress {
  /** In force wherever requests are served: from now on none sees an older one. */
  readonly applied: boolean
  /** How far each worker is, where there are several. */
  readonly workers?: readonly unknown[]
}

export interface StatusSources {
  readonly state: () => ControllerState | undefined
  readonly progress: () => Progress
  /** Of every data plane. */
  readonly live: () => readonly LiveCondition[] | Promise<readonly LiveCondition[]>
}

export const statusRoute = ({ state, progress, live }: StatusSources): AdminRoute => ({
  path: '/debug/status',
  what: 'conditions of every object, problems with files, and whether all of it is in force',
  isLocal: true,
  answer: async () => ({
    status: 200,
    body: {
      digest: state()?.snapshot.digest ?? '',
      ...progress(),
      statuses: withLive(state()?.statuses ?? [], await live()),
      problems: state()?.problems ?? [],
    },
  }),
})

/** Of several workers the one that fares worst is told. */
function withLive(statuses: readonly ObjectStatus[], live: readonly LiveCondition[]): unknown[] {
  const known = new Map<string, LiveCondition>()
  for (const condition of live) {
    const name = nameOf(condition)
    if (condition.status === 'False' || !known.has(name)) known.set(name, condition)
  }
  return statuses.map((status) => {
    const found = known.get(nameOf(status))
    if (found === undefined) return status
    const { kind: _, namespace: __, name: ___, ...condition } = found
    const own = { ...condition, observedGeneration: status.generation }
    return { ...status, conditions: [...status.conditions, own] }
  })
}

const nameOf = ({ kind, namespace, name }: LiveCondition | ObjectStatus): string =>
  `${kind} ${namespace}/${name}`
