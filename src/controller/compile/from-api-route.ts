import type { Problem } from '../../model/problem.ts'
import type { ApiRouteObject } from '../api/objects.ts'
import type { BrokenRule, RuleSpec } from '../api/specs.ts'
import { Checks } from './checks.ts'
import type { CompileOptions } from './compile.ts'
import { draftBrokenRule, draftRule } from './draft-rule.ts'
import type { Drafting } from './drafting.ts'
import type { HostnameDraft, RouteDraft, RuleDraft } from './drafts.ts'
import { isSpoiledBy, type Place } from './place.ts'
import { invalid } from './resolve.ts'
import type { Sharing } from './sharing.ts'

export const group = 'fairlead.dev'

/**
 * The front of ApiRoute: an object, on its own, becomes a draft. If it is broken and was good before, what it was
 * is served, and its status tells of both (invariant 2).
 */
export function draftApiRoute(
  object: ApiRouteObject,
  lastGood: ApiRouteObject | undefined,
  options: CompileOptions,
  sharing: Sharing,
): RouteDraft {
  const draft = draftObject(object, options, sharing)
  if (lastGood === undefined || !isBroken(draft.problems)) return draft
  const earlier = draftObject(lastGood, options, sharing)
  if (isBroken(earlier.problems)) return draft
  const subject = { ...draft.subject, lastGood: lastGood.meta.generation }
  return { ...earlier, subject, problems: [...draft.problems, ...earlier.problems] }
}

/** Whether an object has faults of its own, for which its last good is served. What it refers to may come and go. */
export const isBroken = (problems: readonly Problem[]): boolean =>
  problems.some(({ reason }) => reason === 'Invalid' || reason === 'NotPermitted')

function draftObject(
  { kind, meta, spec, problems }: ApiRouteObject,
  options: CompileOptions,
  sharing: Sharing,
): RouteDraft {
  const { namespace, name, generation } = meta
  const checks = new Checks()
  const drafting: Drafting = { options, checks, sharing }
  const drafted = spec.rules.map((rule, at) => {
    const where = `spec.rules[${at}]`
    return isRule(rule)
      ? draftRule({ spec: rule, route: spec, namespace, where }, drafting)
      : draftBrokenRule(rule, where, drafting)
  })
  const places = drafted.flatMap(({ broken }) => broken)
  return {
    subject: { kind, meta },
    origin: { kind, namespace, name, generation },
    referrer: { group, kind, namespace },
    hostnames: draftHostnames(spec.hostnames),
    holdsHosts: places.some(({ hold }) => hold === undefined),
    rules: drafted.map(({ rule }) => unspoiled(rule, places)),
    problems: [...problems, ...checks.problems],
  }
}

const isRule = (rule: RuleSpec | BrokenRule): rule is RuleSpec => !('broken' in rule)

function draftHostnames(hostnames: readonly string[]): readonly HostnameDraft[] {
  const drafts = hostnames.map((hostname, at) => ({
    hostname: hostname.toLowerCase(),
    where: `spec.hostnames[${at}]`,
  }))
  return drafts.filter(
    ({ hostname }, at) => drafts.findIndex((other) => other.hostname === hostname) === at,
  )
}

/** A rule that could get requests meant for a broken match must not answer them (invariant 3). */
const unspoiled = (rule: RuleDraft, places: readonly Place[]): RuleDraft =>
  places.some((place) => rule.matches.some((match) => isSpoiledBy(match, place)))
    ? { ...rule, action: invalid }
    : rule
