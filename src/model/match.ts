/** The conditions of one match. All of them must hold; an absent list is no condition. */
export interface Match {
  readonly path: PathMatch
  /** Upper case, sorted, GET implies HEAD and both are listed. Empty: every method. */
  readonly methods: readonly string[]
  readonly headers: readonly ValueMatch[]
  readonly query: readonly ValueMatch[]
}

/**
 * `exact` compares the whole canonical path, `prefix` whole segments, `pattern` and `regex` the
 * whole path. `literal` counts the leading segments without wildcard: it ranks matches.
 */
export type PathMatch =
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'prefix'; readonly value: string; readonly literal: number }
  | { readonly kind: 'pattern'; readonly value: string; readonly literal: number }
  | { readonly kind: 'regex'; readonly value: string; readonly literal: number }

/** A condition on a header or query parameter. Every value of a repeated one must satisfy it. */
export type ValueMatch =
  | { readonly name: string; readonly kind: 'exact' | 'prefix' | 'regex'; readonly value: string }
  | { readonly name: string; readonly kind: 'present'; readonly value: boolean }

const pathKinds = ['exact', 'pattern', 'regex', 'prefix'] as const

const literalOf = (path: PathMatch): number =>
  path.kind === 'exact' ? Number.POSITIVE_INFINITY : path.literal

/**
 * Path precedence: exact, then more literal leading segments, at a tie pattern, regex, prefix.
 * Negative when `a` is tried first; 0 for paths of the same rank, which need not be equal.
 */
export function comparePaths(a: PathMatch, b: PathMatch): number {
  const literals = [literalOf(a), literalOf(b)] as const
  if (literals[0] !== literals[1]) return literals[0] > literals[1] ? -1 : 1
  return pathKinds.indexOf(a.kind) - pathKinds.indexOf(b.kind)
}

/**
 * Precedence of two matches of one host, before age and name break the tie: path, then has
 * methods, more header conditions, more query conditions (after Gateway API `HTTPRouteRule.matches`).
 */
export function compareMatches(a: Match, b: Match): number {
  return (
    comparePaths(a.path, b.path) ||
    Number(b.methods.length > 0) - Number(a.methods.length > 0) ||
    b.headers.length - a.headers.length ||
    b.query.length - a.query.length
  )
}
