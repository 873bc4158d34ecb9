import { type Problem, printProblem } from '../../model/problem.ts'
import type { Rule } from '../../model/snapshot.ts'
import { type Candidate, candidatesOf } from './candidate.ts'
import { isSameList } from './order.ts'
import type { Ownership } from './ownership.ts'
import type { ResolvedRoute } from './resolve.ts'
import { type InjectedByTarget, withStrippedHeaders } from './strip-headers.ts'

/** A route at the hosts that it may serve, its rules complete. */
export interface AttachedRoute {
  readonly route: ResolvedRoute
  readonly hostnames: readonly string[]
  readonly rules: readonly Rule[]
  readonly candidates: readonly Candidate[]
  /** The hostnames that it may not serve. */
  readonly problems: readonly Problem[]
}

/** Attaches every route to its hosts, again and again: a route about which nothing changed stays the same object. */
export function createAttaching(): (
  routes: readonly ResolvedRoute[],
  ownership: Ownership,
  injected: InjectedByTarget,
) => readonly AttachedRoute[] {
  const known = new WeakMap<ResolvedRoute, AttachedRoute>()
  return (routes, ownership, injected) =>
    routes.map((route) => {
      const attached = attachRoute(route, ownership, injected, known.get(route))
      known.set(route, attached)
      return attached
    })
}

/** Decides what the neighbours of a route decide: which hosts it may serve, and which headers its rules strip. */
function attachRoute(
  route: ResolvedRoute,
  ownership: Ownership,
  injected: InjectedByTarget,
  before: AttachedRoute | undefined,
): AttachedRoute {
  const problems = route.hostnames.flatMap((claim) => ownership(route, claim) ?? [])
  const refused = new Set(problems.map(({ path }) => path))
  const hostnames = route.hostnames
    .filter(({ where }) => !refused.has(where))
    .map(({ hostname }) => hostname)
  const rules = route.rules.map((rule) => withStrippedHeaders(rule, injected))
  const attached = { route, hostnames, rules, problems }
  if (before !== undefined && isSameAttachment(before, attached)) return before
  const sources = route.rules.map(({ matches, where }, at) => ({
    rule: rules[at] as Rule,
    matches,
    where,
  }))
  return Object.freeze({ ...attached, candidates: candidatesOf(route.order, sources) })
}

type Attachment = Omit<AttachedRoute, 'candidates'>

const isSameAttachment = (a: Attachment, b: Attachment): boolean =>
  a.route === b.route &&
  isSameList(a.hostnames, b.hostnames) &&
  isSameList(a.problems.map(printProblem), b.problems.map(printProblem)) &&
  a.rules.every((rule, at) => isSameRule(rule, b.rules[at] as Rule))

/** Of one resolved rule, only the stripped headers can differ. */
const isSameRule = (a: Rule, b: Rule): boolean =>
  a === b || isSameList(a.stripHeaders, b.stripHeaders)
