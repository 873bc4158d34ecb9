import type { Forward, Rule } from '../../model/snapshot.ts'
import type { LaneMeters } from '../runtime/proxy-metrics.ts'
import { RetryBudget } from '../runtime/retry-budget.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { Selector } from '../runtime/selector.ts'
import type { Exchange } from './exchange.ts'
import { fail } from './fail.ts'
import { Forwarding } from './forwarding.ts'
import { http2Only, isUnservedGrpc } from './grpc.ts'
import { hashKey } from './hash-key.ts'

/** What all exchanges of a forwarding rule share. Built once per rule. */
export interface Lane {
  readonly rule: Rule
  readonly action: Forward
  readonly runtime: Runtime
  readonly selector: Selector
  readonly budget: RetryBudget
  readonly meters: LaneMeters
  /** What `Hash` balances by; absent for the other policies. */
  readonly hashOf: ((exchange: Exchange) => number | undefined) | undefined
}

/** The last stage of a rule with backends: picks one, sends the request, passes the answer on, tries again where it may. */
export function forward(
  rule: Rule,
  action: Forward,
  runtime: Runtime,
): (exchange: Exchange) => void {
  const hashOf = action.balance.policy === 'Hash' ? hashKey(action.balance.on) : undefined
  const budget = new RetryBudget(action.retry.budgetPercent)
  const meters = runtime.metrics.lane(rule)
  const newLane = (): Lane => {
    const selector = newSelector(action, runtime)
    runtime.selectors.set(rule, selector)
    return { rule, action, runtime, selector, hashOf, budget, meters }
  }
  let lane = newLane()
  let { generation } = runtime
  return (exchange) => {
    if (isUnservedGrpc(exchange.request)) return fail(exchange, 'upgrade_required', http2Only)
    if (generation !== runtime.generation) {
      generation = runtime.generation
      if (!lane.selector.isCurrent()) lane = newLane()
    }
    new Forwarding(exchange, lane).start()
  }
}

const newSelector = (action: Forward, runtime: Runtime): Selector =>
  new Selector(action, (id) => runtime.clusters.get(id), {
    region: runtime.region,
    zone: runtime.zone,
    clock: runtime.clock,
    dice: runtime.dice,
  })
