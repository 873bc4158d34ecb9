import type { Match } from '../../model/match.ts'
import type { BrokenRule, MatchSpec, RouteSpec, RuleSpec } from '../api/specs.ts'
import { Checks } from './checks.ts'
import { draftAction } from './draft-action.ts'
import { draftAuthorize } from './draft-authorize.ts'
import { draftMatch, everything } from './draft-match.ts'
import { draftPolicies } from './draft-policies.ts'
import { type Drafting, ofDefaults } from './drafting.ts'
import type { AuthorizeDraft, RuleDraft } from './drafts.ts'
import { type Place, placeOf } from './place.ts'
import { invalid } from './resolve.ts'

/** A rule, and the places of its matches that cannot be understood. */
export interface DraftedRule {
  readonly rule: RuleDraft
  readonly broken: readonly Place[]
}

/** Where a rule stands in its object. */
export interface RuleSource {
  readonly spec: RuleSpec
  readonly route: RouteSpec
  readonly namespace: string
  readonly where: string
  /** The route has `defaults` that cannot be read. */
  readonly defaultsAreLost: boolean
}

/** Drafts a rule. With a fault in it, it keeps its matches and answers 503 (invariant 3). */
export function draftRule(source: RuleSource, drafting: Drafting): DraftedRule {
  const { spec, route, where } = source
  const { checks } = drafting
  const before = checks.problems.length
  const { matches, broken } = draftMatches(spec.matches ?? [], where, drafting)
  const action = draftAction({ ...source, matches }, drafting)
  const authorize = draftAuthorizeOf(source, drafting)
  const policies = draftPolicies(spec, route, where, drafting)
  if (spec.upgrade?.webSocket === true && !matches.some(takesGet) && matches.length > 0)
    checks.refuse(
      `${where}.upgrade`,
      'a WebSocket is opened by GET, which no match of this rule takes; add GET to methods',
    )
  const faulty = checks.problems.slice(before).some(({ reason }) => reason !== 'UnsupportedBackend')
  const rule: RuleDraft = {
    name: spec.name,
    where,
    matches: [...matches, ...broken.flatMap(heldMatch)],
    action: faulty || action === undefined ? invalid : action,
    authorize,
    policies,
  }
  return { rule, broken }
}

const takesGet = ({ methods }: Match): boolean => methods.length === 0 || methods.includes('GET')

function draftAuthorizeOf(
  { spec, route, namespace, where, defaultsAreLost }: RuleSource,
  drafting: Drafting,
): AuthorizeDraft {
  if (spec.authorize !== undefined)
    return draftAuthorize(spec.authorize, namespace, where, drafting)
  const inherited = route.defaults?.authorize
  // Perhaps it was there: the fault of `defaults` is told, and nobody may call.
  if (inherited === undefined && defaultsAreLost) return { kind: 'deny' }
  const from = inherited === undefined ? drafting : ofDefaults(drafting, 'authorize')
  return draftAuthorize(inherited, namespace, where, from)
}

/** A rule that did not decode holds what is known of its places; the decoder has reported why. */
export function draftBrokenRule(
  { name, matches }: BrokenRule,
  where: string,
  drafting: Drafting,
): DraftedRule {
  const unheard = { ...drafting, checks: new Checks() }
  const placed = draftMatches(matches ?? [undefined], where, unheard)
  const rule: RuleDraft = {
    name,
    where,
    matches: [...placed.matches, ...placed.broken.flatMap(heldMatch)],
    action: invalid,
    authorize: { kind: 'deny' },
    policies: draftPolicies({ name }, { hostnames: [], rules: [] }, where, unheard),
  }
  return { rule, broken: placed.broken }
}

interface PlacedMatches {
  readonly matches: readonly Match[]
  readonly broken: readonly Place[]
}

function draftMatches(
  specs: readonly (MatchSpec | undefined)[],
  where: string,
  { checks }: Drafting,
): PlacedMatches {
  if (specs.length === 0) return { matches: [everything], broken: [] }
  const matches: Match[] = []
  const broken: Place[] = []
  specs.forEach((spec, at) => {
    const match = spec && draftMatch(spec, `${where}.matches[${at}]`, checks)
    if (match === undefined) broken.push(placeOf(spec))
    else matches.push(match)
  })
  return { matches, broken }
}

const heldMatch = ({ hold }: Place): readonly Match[] =>
  hold === undefined ? [] : [{ path: hold, methods: [], headers: [], query: [] }]
