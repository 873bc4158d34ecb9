import { digestOf, digestOfEntry } from '../../model/digest.ts'
import type { Match } from '../../model/match.ts'
import type { HostEntry, Rule } from '../../model/snapshot.ts'
import { sameText } from './same-text.ts'

/** What breaks the tie between equally specific matches: one object per route. */
export interface RouteOrder {
  /** RFC 3339, '' when unknown. */
  readonly created: string
  /** `namespace/name`. */
  readonly id: string
  readonly kind: string
}

/** One match of one rule on its way into the tables of its hosts. */
export interface Candidate {
  readonly entry: HostEntry
  /** Equal for matches that select the same requests. */
  readonly key: string
  /** SHA-256 of match and rule. */
  readonly digest: string
  readonly order: RouteOrder
  readonly ruleAt: number
  readonly matchAt: number
  /** `spec.rules[0].matches[1]`, for messages. */
  readonly where: string
}

export interface CandidateSource {
  readonly rule: Rule
  readonly matches: readonly Match[]
  readonly where: string
}

/** The candidates of one route, rules in order, each match of a rule once. */
export const candidatesOf = (
  order: RouteOrder,
  sources: readonly CandidateSource[],
): readonly Candidate[] =>
  // Spread: a list that was grown keeps room for more.
  [...sources.flatMap((source, ruleAt) => candidatesOfRule(order, source, ruleAt))]

function candidatesOfRule(order: RouteOrder, source: CandidateSource, ruleAt: number): Candidate[] {
  const ruleDigest = digestOf(source.rule)
  const byKey = new Map<string, Candidate>()
  source.matches.forEach((match, matchAt) => {
    const key = keyOfMatch(match)
    if (byKey.has(key)) return
    const entry = Object.freeze({ match, rule: source.rule })
    const digest = digestOfEntry(match, ruleDigest)
    const where =
      source.matches.length > 1 ? sameText(`${source.where}.matches[${matchAt}]`) : source.where
    byKey.set(key, { entry, key, digest, order, ruleAt, matchAt, where })
  })
  return [...byKey.values()]
}

/** The names of a pattern's segments do not select: `/orders/{id}` and `/orders/{name}` are the same match. */
const keyOfMatch = (match: Match): string =>
  digestOf(
    match.path.kind === 'pattern'
      ? { ...match, path: { ...match.path, value: nameless(match.path.value) } }
      : match,
  )

const nameless = (pattern: string): string => pattern.replace(/\{[^}]*\}/g, '{}')
