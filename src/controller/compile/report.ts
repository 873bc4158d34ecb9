import { type ObjectStatus, type Problem, printProblem } from '../../model/problem.ts'
import type { AttachedRoute } from './attach.ts'
import type { RouteOrder } from './candidate.ts'
import type { BuiltCluster } from './clusters.ts'
import type { Subject } from './drafts.ts'
import { isSameList } from './order.ts'
import type { RankedHost } from './rank.ts'
import type { ResolvedAuthorizer } from './resolve-authorizer.ts'
import type { ClusterUse } from './resolve-backend.ts'
import { statusOf } from './status.ts'

/** What the snapshot was made of: statuses come from the same drafts (invariant 2). */
export interface Findings {
  readonly authorizers: readonly ResolvedAuthorizer[]
  readonly attached: readonly AttachedRoute[]
  readonly hosts: readonly RankedHost[]
  readonly clusters: readonly BuiltCluster[]
}

/** Reports on every object, again and again: a status that would say the same stays the same object. */
export function createReporting(): (findings: Findings) => readonly ObjectStatus[] {
  const remember = rememberStatuses()
  return ({ authorizers, attached, hosts, clusters }) => {
    const conflicts = conflictsByRoute(hosts)
    const faults = new Map(
      clusters.filter(hasFaults).map(({ cluster, faults }) => [cluster.id, faults]),
    )
    return [
      ...authorizers.map((each) =>
        remember(each, each.draft.subject, each.problems, endpointProblems(each.uses, faults)),
      ),
      ...attached.map((each) => {
        const { route } = each
        const around = [
          ...each.problems,
          ...(conflicts.get(route.order) ?? none),
          ...(faults.size === 0
            ? none
            : endpointProblems(
                route.rules.flatMap(({ uses }) => uses),
                faults,
              )),
        ]
        return remember(each, route.subject, route.problems, around)
      }),
    ]
  }
}

const none: readonly never[] = []

const hasFaults = ({ faults }: BuiltCluster): boolean => faults.length > 0

function conflictsByRoute(
  hosts: readonly RankedHost[],
): ReadonlyMap<RouteOrder, readonly Problem[]> {
  const byRoute = new Map<RouteOrder, Problem[]>()
  for (const { conflicts } of hosts) {
    for (const { loser, problem } of conflicts) {
      const known = byRoute.get(loser)
      if (known === undefined) byRoute.set(loser, [problem])
      else known.push(problem)
    }
  }
  return byRoute
}

const endpointProblems = (
  uses: readonly ClusterUse[],
  faults: ReadonlyMap<string, readonly string[]>,
): readonly Problem[] =>
  uses.flatMap(({ where, cluster }) =>
    (faults.get(cluster.id) ?? none).map(
      (message): Problem => ({ reason: 'UnsupportedBackend', path: where, message }),
    ),
  )

function rememberStatuses(): (
  key: object,
  subject: Subject,
  own: readonly Problem[],
  around: readonly Problem[],
) => ObjectStatus {
  const known = new WeakMap<
    object,
    { readonly around: readonly string[]; readonly status: ObjectStatus }
  >()
  return (key, subject, own, around) => {
    const before = known.get(key)
    const printed = around.length === 0 ? none : around.map(printProblem)
    if (before !== undefined && isSameList(before.around, printed)) return before.status
    const status = statusOf(subject, [...own, ...around])
    known.set(key, { around: printed, status })
    return status
  }
}
