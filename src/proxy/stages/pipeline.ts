import type { Rule } from '../../model/snapshot.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { affinity } from './affinity.ts'
import { authorize } from './authorize.ts'
import { cors } from './cors.ts'
import { deadline } from './deadline.ts'
import type { Exchange, Next, Policy, ReplyEdit } from './exchange.ts'
import { fail } from './fail.ts'
import { forward } from './forward.ts'
import { forwardingHeaders } from './forwarding-headers.ts'
import { identity } from './identity.ts'
import { limits } from './limits.ts'
import { method } from './method.ts'
import { redirect } from './redirect.ts'
import { requestHeaders } from './request-headers.ts'
import { respond } from './respond.ts'
import { responseHeaders } from './response-headers.ts'
import { rewrite } from './rewrite.ts'
import { sourceAddresses } from './source-addresses.ts'
import { upgrade } from './upgrade.ts'

/** What a rule does with a request, built once. */
export interface Pipeline {
  readonly run: (exchange: Exchange) => void
  readonly replyEdits: readonly ReplyEdit[]
}

/**
 * THE order of a request through a rule. A policy that the rule does not use is not in its pipeline.
 *
 * The clock starts first, so that nothing is outside it. A preflight is answered before authorization because
 * browsers send it without credentials. Headers a client must not inject go before anything reads one.
 * Nothing about the rule is told before `authorize`: 405, 413 and 426 come after it.
 */
const policies: readonly ((rule: Rule, runtime: Runtime) => Policy | undefined)[] = [
  deadline,
  cors,
  sourceAddresses,
  identity,
  authorize,
  method,
  upgrade,
  limits,
  affinity,
  forwardingHeaders,
  requestHeaders,
  responseHeaders,
  rewrite,
]

export function buildPipeline(rule: Rule, runtime: Runtime): Pipeline {
  if (rule.action.kind === 'invalid') return held
  const used = policies
    .map((policy) => policy(rule, runtime))
    .filter((policy) => policy !== undefined)
  const stages = used.flatMap((policy) => policy.request ?? [])
  const run = stages.reduceRight<Next>(
    (next, stage) => (exchange) => stage(exchange, next),
    lastStage(rule, runtime),
  )
  return { run, replyEdits: used.flatMap((policy) => policy.reply ?? []) }
}

/** A rule that cannot be served keeps its place (invariant 3). */
const held: Pipeline = { run: (exchange) => fail(exchange, 'rule_invalid'), replyEdits: [] }

function lastStage(rule: Rule, runtime: Runtime): (exchange: Exchange) => void {
  const { action } = rule
  switch (action.kind) {
    case 'forward':
      return forward(rule, action, runtime)
    case 'redirect':
      return redirect(action)
    case 'respond':
      return respond(action)
    case 'invalid':
      return held.run
  }
}
