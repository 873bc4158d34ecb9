import type { Match } from '../../model/match.ts'
import type { Problem } from '../../model/problem.ts'
import type { Action, Backend, Invalid, Origin, Rule, RuleLimits } from '../../model/snapshot.ts'
import type { RouteOrder } from './candidate.ts'
import type { ClusterDraft } from './draft-cluster.ts'
import type {
  ForwardDraft,
  HostnameDraft,
  Policies,
  RouteDraft,
  RuleDraft,
  Subject,
} from './drafts.ts'
import type { Lookup } from './lookup.ts'
import { resolveAuthorize, unaskedCertificates } from './resolve-authorize.ts'
import { type ClusterUse, resolveBackend } from './resolve-backend.ts'
import { type ResolvedTls, resolveTls } from './resolve-tls.ts'
import type { Sharing } from './sharing.ts'
import { Vault } from './vault.ts'

/** A route whose references are followed. What it needs of the world is in it; what it could not find is a problem. */
export interface ResolvedRoute {
  readonly subject: Subject
  readonly origin: Origin
  readonly order: RouteOrder
  readonly hostnames: readonly HostnameDraft[]
  readonly holdsHosts: boolean
  readonly rules: readonly ResolvedRule[]
  readonly tls: ResolvedTls | undefined
  /** Confidential texts that it needs, by fingerprint. */
  readonly secrets: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
}

export interface ResolvedRule {
  readonly rule: Rule
  readonly matches: readonly Match[]
  /** `spec.rules[0]`, for messages. */
  readonly where: string
  readonly uses: readonly ClusterUse[]
}

export const invalid: Invalid = Object.freeze({ kind: 'invalid' })

/** Follows every reference of a route. A fault costs the backend or the rule it is in, which keeps its place (invariants 2 and 3). */
export function resolveRoute(lookup: Lookup, draft: RouteDraft, sharing: Sharing): ResolvedRoute {
  const { subject, origin, hostnames, holdsHosts } = draft
  const id = `${origin.namespace}/${origin.name}`
  const vault = new Vault()
  const common = { id, sharing, vault }
  const resolved = draft.rules.map((rule) => resolveRule(lookup, draft, rule, common))
  const tls =
    draft.tls && resolveTls(lookup, draft.referrer, { draft: draft.tls, hostnames }, vault)
  const found = [...(tls?.problems ?? none), ...resolved.flatMap(({ problems }) => problems)]
  const problems = draft.problems.length + found.length === 0 ? none : [...draft.problems, ...found]
  const rules = resolved.map(({ rule }) => rule)
  const order = Object.freeze({ created: subject.meta.created, id, kind: origin.kind })
  const secrets = vault.texts
  const route = { subject, origin, order, hostnames, holdsHosts, rules, tls, secrets, problems }
  return Object.freeze(route)
}

/** What the rules of a route have in common. */
interface Common {
  /** `namespace/name`: one text for all that carry it. */
  readonly id: string
  readonly sharing: Sharing
  readonly vault: Vault
}

function resolveRule(
  lookup: Lookup,
  route: RouteDraft,
  draft: RuleDraft,
  { id, sharing, vault }: Common,
): { readonly rule: ResolvedRule; readonly problems: readonly Problem[] } {
  const { origin } = route
  const {
    action,
    uses,
    problems: backendProblems,
  } = resolveAction(lookup, route, draft, { sharing, vault })
  const { authorize, problems: memberProblems } = resolveAuthorize(
    lookup,
    route.referrer,
    draft.authorize,
  )
  const isUnasked = route.tls !== undefined && route.tls.client === undefined
  if (isUnasked) memberProblems.push(...unaskedCertificates(lookup, draft.authorize))
  const problems = [...backendProblems, ...memberProblems]
  const rule: Rule = Object.freeze({
    id: `${id}/${draft.name}`,
    route: id,
    name: draft.name,
    namespace: origin.namespace,
    origin,
    action: memberProblems.some(({ reason }) => reason === 'Invalid') ? invalid : action,
    authorize,
    stripHeaders: lookup.get('injected', origin.namespace) ?? none,
    ...draft.policies,
    limits: limitsOf(draft.policies.limits, uses, sharing),
  })
  return { rule: { rule, matches: draft.matches, where: draft.where, uses }, problems }
}

/** Only what speaks HTTP/2 takes calls of gRPC: to others, what calls itself one is a request like any other. */
function limitsOf(
  { callBody, ...limits }: RuleLimits,
  uses: readonly ClusterUse[],
  sharing: Sharing,
): RuleLimits {
  const takesCalls = uses.length > 0 && uses.every(({ cluster }) => cluster.protocol !== undefined)
  return sharing.share(takesCalls && callBody !== undefined ? { ...limits, callBody } : limits)
}

const none: readonly never[] = Object.freeze([])

interface ResolvedAction {
  readonly action: Action
  readonly uses: readonly ClusterUse[]
  readonly problems: readonly Problem[]
}

function resolveAction(
  lookup: Lookup,
  route: RouteDraft,
  { action, policies }: RuleDraft,
  { sharing, vault }: Pick<Common, 'sharing' | 'vault'>,
): ResolvedAction {
  if (action.kind !== 'forward') return { action, uses: none, problems: none }
  const backends: Backend[] = []
  const uses: ClusterUse[] = []
  const problems: Problem[] = []
  for (const draft of action.backends) {
    const resolved = resolveBackend(lookup, route.referrer, draft, { sharing, vault })
    const found =
      'reason' in resolved ? resolved : (unfit(resolved, policies, draft.where) ?? resolved)
    if ('reason' in found) {
      problems.push(found)
      continue
    }
    uses.push({ where: draft.where, cluster: found })
    backends.push(backendOf(draft, found.id))
  }
  // Spread: a list that was grown keeps room for more.
  const forward = { ...action, backends: [...backends] }
  return {
    action: backends.length === 0 ? invalid : sharing.share(forward),
    uses: [...uses],
    problems,
  }
}

/** What a rule wants of its backends and the protocol of this one cannot give. */
function unfit(
  { name, protocol, health }: ClusterDraft,
  { upgrade }: Policies,
  path: string,
): Problem | undefined {
  const problem = (message: string): Problem => ({
    reason: 'UnsupportedBackend',
    path,
    message: `${name} ${message}`,
  })
  if (protocol !== undefined && upgrade !== undefined)
    return problem(
      'speaks HTTP/2, and WebSockets go to backends over HTTP/1.1; give it protocol: HTTP1, or WebSockets a rule of their own',
    )
  if (protocol === undefined && health.active?.grpc !== undefined)
    return problem(
      'speaks HTTP/1.1, and health.active.grpc asks over HTTP/2; give it protocol: H2C, or HTTP2 with TLS',
    )
  return undefined
}

const backendOf = (
  { name, region, weight, priority, basePath }: ForwardDraft['backends'][number],
  cluster: string,
): Backend => Object.freeze({ name, cluster, region, weight, priority, basePath })
