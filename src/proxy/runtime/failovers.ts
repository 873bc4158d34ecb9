import type { Failover } from '../../model/proxy-report.ts'
import type { Rule } from '../../model/snapshot.ts'
import type { LiveCluster } from './cluster.ts'
import type { Runtime } from './runtime.ts'
import { levelsOf } from './shares.ts'

type Watched = Pick<Runtime, 'generation' | 'clusters' | 'router' | 'region'>

/** Finds the backends that traffic should go to first and does not. Looks again only when some health has changed. */
export class Failovers {
  readonly #runtime: Watched
  /** Of the state that was looked at. */
  #stamp = ''
  #found: readonly Failover[] = []

  constructor(runtime: Watched) {
    this.#runtime = runtime
  }

  get current(): readonly Failover[] {
    const { clusters, generation } = this.#runtime
    let version = 0
    for (const cluster of clusters.values()) version += cluster.version
    const stamp = `${generation} ${version}`
    if (stamp !== this.#stamp) this.#found = this.#find()
    this.#stamp = stamp
    return this.#found
  }

  #find(): readonly Failover[] {
    const { clusters, router } = this.#runtime
    if ([...clusters.values()].every(isUp)) return []
    const rules = new Set<Rule>()
    for (const { entries } of router.hosts()) for (const { rule } of entries) rules.add(rule)
    return [...rules].flatMap((rule) => this.#of(rule))
  }

  #of({ route, name: rule, action }: Rule): readonly Failover[] {
    if (action.kind !== 'forward') return []
    const { clusters, region } = this.#runtime
    const isUsed = ({ cluster }: { readonly cluster: string }): boolean => {
      const live = clusters.get(cluster)
      return live !== undefined && isUp(live)
    }
    const [first = [], ...rest] = levelsOf(action, region)
    if (![first, ...rest].flat().some(isUsed)) return []
    return first
      .filter((backend) => !isUsed(backend))
      .map(({ name: backend }) => ({ route, rule, backend }))
  }
}

const isUp = ({ endpoints }: LiveCluster): boolean => endpoints.some(({ healthy }) => healthy)
