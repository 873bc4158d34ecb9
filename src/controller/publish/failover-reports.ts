import type { Failover, ProxyReport } from '../../model/proxy-report.ts'
import type { Backend, Rule, Snapshot } from '../../model/snapshot.ts'
import type { ObjectEvent } from './events.ts'

/** Reasons of Events that no condition has; docs/reasons.md is generated from it. */
export const failoverReasons = {
  FailedOver:
    'A backend that traffic of a rule goes to first has no healthy endpoint; others take it.',
  Recovered: 'It has one again.',
} as const

export interface FailoverEvent {
  /** `namespace/name`. */
  readonly route: string
  readonly event: ObjectEvent
}

/** Remembers which backends some proxy goes without, and says when the first begins and the last ends. */
export class FailoverReports {
  readonly #active = new Map<string, { readonly failover: Failover; readonly backend: Backend }>()

  /** Of another reign nothing is remembered. */
  clear(): void {
    this.#active.clear()
  }

  /** @param snapshot what is published: what it does not name is no news */
  update(reports: readonly ProxyReport[], snapshot: Snapshot): readonly FailoverEvent[] {
    // With nobody there to tell, nothing has ended.
    if (reports.length === 0) return []
    const told = new Map(
      reports.flatMap(({ failovers }) => failovers).map((each) => [keyOf(each), each]),
    )
    const begun = this.#begin(
      [...told].filter(([key]) => !this.#active.has(key)),
      snapshot,
    )
    return reports.every(({ whole }) => whole) ? [...begun, ...this.#end(told, snapshot)] : begun
  }

  #begin(fresh: readonly (readonly [string, Failover])[], snapshot: Snapshot): FailoverEvent[] {
    if (fresh.length === 0) return []
    const rules = rulesOf(snapshot)
    return fresh.flatMap(([key, failover]) => {
      const backend = backendOf(failover, rules)
      if (backend === undefined) return []
      this.#active.set(key, { failover, backend })
      return eventOf(failover, backend, 'FailedOver')
    })
  }

  #end(told: ReadonlyMap<string, unknown>, snapshot: Snapshot): FailoverEvent[] {
    const over = [...this.#active].filter(([key]) => !told.has(key))
    if (over.length === 0) return []
    const rules = rulesOf(snapshot)
    return over.flatMap(([key, { failover, backend }]) => {
      this.#active.delete(key)
      // What was edited away has not come back.
      return backendOf(failover, rules) === undefined ? [] : eventOf(failover, backend, 'Recovered')
    })
  }
}

const keyOf = ({ route, rule, backend }: Failover): string => JSON.stringify([route, rule, backend])

const rulesOf = ({ hosts }: Snapshot): ReadonlyMap<string, Rule> =>
  new Map(hosts.flatMap(({ entries }) => entries.map(({ rule }) => [rule.id, rule])))

function backendOf(
  { route, rule, backend }: Failover,
  rules: ReadonlyMap<string, Rule>,
): Backend | undefined {
  const action = rules.get(`${route}/${rule}`)?.action
  return action?.kind === 'forward'
    ? action.backends.find(({ name }) => name === backend)
    : undefined
}

function eventOf(
  { route, rule }: Failover,
  { name, region }: Backend,
  reason: keyof typeof failoverReasons,
): FailoverEvent[] {
  const where = `rule "${rule}": backend "${name}"${region === '' ? '' : ` in ${region}`}`
  const isBad = reason === 'FailedOver'
  const message = isBad
    ? `${where} has no healthy endpoint; other backends of the rule take its traffic`
    : `${where} has a healthy endpoint again, at every proxy`
  return [{ route, event: { type: isBad ? 'Warning' : 'Normal', reason, message } }]
}
