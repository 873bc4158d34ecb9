import type { Forward, Rule } from '../../model/snapshot.ts'
import { RetryBudget } from '../runtime/retry-budget.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { Selector } from '../runtime/selector.ts'
import type { Exchange } from './exchange.ts'
import { Forwarding } from './forwarding.ts'

/** What all exchanges of a forwarding rule share. Built once per rule. */
export interface Lane {
  readonly rule: Rule
  readonly action: Forward
  readonly runtime: Runtime
  readonly selector: Selector
  readonly budget: RetryBudget
}

/** The last stage of a rule with backends: picks one, sends the request, passes the answer on, tries again where it may. */
export function forward(rule: Rule, action: Forward, runtime: Runtime): (exchange: Exchange) => void {
  const options = { region: runtime.region, clock: runtime.clock, dice: runtime.dice }
  const selector = new Selector(action, (id) => runtime.clusters.get(id), options)
  const lane: Lane = { rule, action, runtime, selector, budget: new RetryBudget(action.retry.budgetPercent) }
  return (exchange) => new Forwarding(exchange, lane).start()
}
