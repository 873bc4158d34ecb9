import type { ObjectStatus, Problem } from '../../model/problem.ts'
import type { AttachedRoute } from './attach.ts'
import type { RouteOrder } from './candidate.ts'
import type { BuiltCluster } from './clusters.ts'
import { type Delta, groupIn } from './delta.ts'
import { compareTexts } from './order.ts'
import type { Conflict, RankedHost } from './rank.ts'
import type { ResolvedAuthorizer } from './resolve-authorizer.ts'
import type { ClusterUse } from './resolve-backend.ts'
import { SortedList } from './sorted-list.ts'
import { statusOf } from './status.ts'

/** What changed in what the snapshot is made of: statuses come from the same drafts (invariant 2). */
export interface Findings {
  readonly authorizers: Delta<ResolvedAuthorizer>
  readonly routes: Delta<AttachedRoute>
  readonly hosts: Delta<RankedHost>
  readonly clusters: Delta<BuiltCluster>
}

type Reported = AttachedRoute | ResolvedAuthorizer

/** The statuses of all objects, kept up to date: one that would say the same stays the same object. */
export class Reporting {
  readonly #reports = new Map<Reported, ObjectStatus>()
  readonly #routes = new Map<RouteOrder, AttachedRoute>()
  readonly #conflicts = new Map<RouteOrder, Conflict[]>()
  readonly #faults = new Map<string, readonly string[]>()
  readonly #statuses = new SortedList<ObjectStatus>(compareStatuses)

  /** One for every object, sorted by kind, namespace and name. */
  get statuses(): readonly ObjectStatus[] {
    return this.#statuses.values
  }

  update({ authorizers, routes, hosts, clusters }: Findings): void {
    const gone = [...authorizers.gone, ...routes.gone]
    const again = new Set<Reported>([...authorizers.come, ...routes.come])
    for (const route of routes.gone) this.#routes.delete(route.owned.route.order)
    for (const route of routes.come) this.#routes.set(route.owned.route.order, route)
    for (const order of this.#moveConflicts(hosts)) {
      const route = this.#routes.get(order)
      if (route !== undefined) again.add(route)
    }
    if (this.#moveFaults(clusters)) for (const each of this.#reports.keys()) again.add(each)
    this.#report(gone, again)
  }

  #report(gone: readonly Reported[], again: Iterable<Reported>): void {
    const leaving: ObjectStatus[] = []
    const joining: ObjectStatus[] = []
    for (const each of gone) {
      leaving.push(this.#reports.get(each) as ObjectStatus)
      this.#reports.delete(each)
    }
    for (const each of again) {
      const before = this.#reports.get(each)
      const status = this.#statusOf(each)
      if (before !== undefined && isSameStatus(before, status)) continue
      if (before !== undefined) leaving.push(before)
      this.#reports.set(each, status)
      joining.push(status)
    }
    this.#statuses.apply({ gone: leaving, come: joining })
  }

  #statusOf(each: Reported): ObjectStatus {
    if ('draft' in each)
      return statusOf(each.draft.subject, [...each.problems, ...this.#faultsAt(each.uses)])
    const { route, problems } = each.owned
    const conflicts = (this.#conflicts.get(route.order) ?? [])
      .map(({ problem }) => problem)
      .sort(compareProblems)
    const faults = this.#faultsAt(route.rules.flatMap(({ uses }) => uses))
    const all = [...route.problems, ...problems, ...conflicts, ...faults]
    return statusOf(route.subject, all, route.tls?.certificate)
  }

  #faultsAt(uses: readonly ClusterUse[]): readonly Problem[] {
    if (this.#faults.size === 0) return []
    return uses.flatMap(({ where, cluster }) =>
      (this.#faults.get(cluster.id) ?? []).map(
        (message): Problem => ({ reason: 'UnsupportedBackend', path: where, message }),
      ),
    )
  }

  /** The routes that lost or won back a place. */
  #moveConflicts({ gone, come }: Delta<RankedHost>): ReadonlySet<RouteOrder> {
    const leaving = new Set(gone.flatMap(({ conflicts }) => conflicts))
    const joining = come.flatMap(({ conflicts }) => conflicts)
    const touched = new Set([...leaving, ...joining].map(({ loser }) => loser))
    for (const order of touched) {
      const kept = this.#conflicts.get(order)?.filter((conflict) => !leaving.has(conflict))
      if (kept !== undefined) this.#conflicts.set(order, kept)
    }
    for (const conflict of joining) groupIn(this.#conflicts, conflict.loser).push(conflict)
    for (const order of touched)
      if (this.#conflicts.get(order)?.length === 0) this.#conflicts.delete(order)
    return touched
  }

  /** Whether any fault of endpoints came or went; so seldom that all objects are then looked at again. */
  #moveFaults({ gone, come }: Delta<BuiltCluster>): boolean {
    const leaving = gone.filter(({ faults }) => faults.length > 0)
    const joining = come.filter(({ faults }) => faults.length > 0)
    for (const { cluster } of leaving) this.#faults.delete(cluster.id)
    for (const { cluster, faults } of joining) this.#faults.set(cluster.id, faults)
    return leaving.length > 0 || joining.length > 0
  }
}

const compareStatuses = (a: ObjectStatus, b: ObjectStatus): number =>
  compareTexts(a.kind, b.kind) ||
  compareTexts(a.namespace, b.namespace) ||
  compareTexts(a.name, b.name) ||
  compareTexts(a.uid, b.uid)

const compareProblems = (a: Problem, b: Problem): number =>
  compareTexts(a.path, b.path) || compareTexts(a.message, b.message)

const isSameStatus = (a: ObjectStatus, b: ObjectStatus): boolean =>
  a.generation === b.generation &&
  a.certificate?.print === b.certificate?.print &&
  a.certificate?.secret === b.certificate?.secret &&
  a.conditions.length === b.conditions.length &&
  a.conditions.every(({ status, reason, message }, at) => {
    const other = b.conditions[at]
    return status === other?.status && reason === other.reason && message === other.message
  })
