import type { Problem } from '../../model/problem.ts'
import type { ApiRouteObject } from '../api/objects.ts'
import type { BrokenRule, RouteSpec, RuleSpec } from '../api/specs.ts'
import { Checks } from './checks.ts'
import type { CompileOptions } from './compile.ts'
import { draftHostnames } from './draft-hostname.ts'
import { checkUnique } from './draft-names.ts'
import { draftBrokenRule, draftRule } from './draft-rule.ts'
import { draftTls } from './draft-tls.ts'
import type { Drafting } from './drafting.ts'
import type { RouteDraft, RuleDraft } from './drafts.ts'
import { isSpoiledBy, type Place } from './place.ts'
import { invalid } from './resolve.ts'
import { sameText } from './same-text.ts'
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
  const hostnames = draftHostnames(spec.hostnames, checks)
  const whereOf = (at: number): string => sameText(`spec.rules[${at}]`)
  checkUnique(spec.rules.map(uniqueName), (at) => `${whereOf(at)}.name`, checks)
  const defaultsAreLost = problems.some(({ path }) => ofDefaultsAsAWhole.test(path))
  const drafted = spec.rules.map((rule, at) => {
    const where = whereOf(at)
    if (!isRule(rule)) return draftBrokenRule(rule, where, drafting)
    return draftRule({ spec: rule, route: spec, namespace, where, defaultsAreLost }, drafting)
  })
  const places = drafted.flatMap(({ broken }) => broken)
  const all = [...problems, ...checks.problems]
  return {
    subject: { kind, meta, rules: spec.rules.length },
    origin: { kind, namespace, name, generation },
    referrer: { group, kind, namespace },
    hostnames,
    holdsHosts: places.some(({ hold }) => hold === undefined) || isRulesLost(spec, problems),
    rules: drafted.map(({ rule }, at) => ({
      ...rule,
      name: idOf(spec.rules, at),
      ...(isSpoiled(rule, places, all) && { action: invalid }),
    })),
    ...(spec.tls && { tls: draftTls(spec.tls, namespace) }),
    problems: all,
  }
}

/** Also where it is misspelt. */
const ofDefaultsAsAWhole = /^spec\.def/i

const isRule = (rule: RuleSpec | BrokenRule): rule is RuleSpec => !('broken' in rule)

/** Rules that did not decode have whatever name could be read, which says nothing about the others. */
const uniqueName = (rule: RuleSpec | BrokenRule, at: number): string =>
  isRule(rule) ? rule.name : `${rule.name}~${at}`

/** Ids are unique even where names are not: `~` is in no name. */
function idOf(rules: readonly (RuleSpec | BrokenRule)[], at: number): string {
  const rule = rules[at] as RuleSpec | BrokenRule
  const others = rules.filter(
    (other, i) => i !== at && other.name === rule.name && (i < at || !isRule(rule)),
  )
  const isFirst = isRule(rule) ? !others.some(isRule) : others.length === 0
  return isFirst ? rule.name : `${rule.name}~${at}`
}

/** Some rules are not even known to be there: `rules` is no list, or too long a one. */
const isRulesLost = (spec: RouteSpec, problems: readonly Problem[]): boolean =>
  spec.rules.length === 0 || problems.some(({ path }) => path === 'spec.rules' || path === 'spec')

/** Faults of single rules and hostnames. Any other could be of something that protects every rule: a misspelt `defaults`. */
const ofOnePart = /^spec\.(rules|hostnames)\[\d+\]/

/**
 * Whether a rule must not answer although it is sound itself (invariant 3): the object as a whole is broken,
 * the name is not its own, or it could get requests that were meant for a broken match.
 */
function isSpoiled(
  { where, matches }: RuleDraft,
  places: readonly Place[],
  problems: readonly Problem[],
): boolean {
  if (problems.some(({ path }) => !ofOnePart.test(path) || path === `${where}.name`)) return true
  return places.some((place) => matches.some((match) => isSpoiledBy(match, place)))
}
