import type { Match, PathMatch, ValueMatch } from '../../model/match.ts'
import { canonicalPath } from '../../model/path.ts'
import type { MatchSpec, ValueSpec } from '../api/specs.ts'
import type { Checks } from './checks.ts'
import { compareTexts } from './order.ts'
import { literalSegmentsOfRegex, regexFault, withoutAnchors } from './regex.ts'

type PathSpec = NonNullable<MatchSpec['path']>

const none: readonly never[] = Object.freeze([])
const everyPath: PathMatch = Object.freeze({ kind: 'prefix', value: '/', literal: 0 })

/** What a rule without `matches` matches. */
export const everything: Match = Object.freeze({
  path: everyPath,
  methods: [],
  headers: [],
  query: [],
})

/** A match in model terms, its lists sorted, or undefined with its faults in `checks`. */
export function draftMatch(spec: MatchSpec, where: string, checks: Checks): Match | undefined {
  const path = spec.path === undefined ? everyPath : draftPath(spec.path, `${where}.path`, checks)
  const headers = draftValues(spec.headers ?? [], `${where}.headers`, checks, draftHeaderName)
  const query = draftValues(spec.query ?? [], `${where}.query`, checks, (name) => name)
  if (path === undefined || headers === undefined || query === undefined) return undefined
  return Object.freeze({ path, methods: draftMethods(spec.methods ?? []), headers, query })
}

/** GET includes HEAD (RFC 9110 §9.3.2). */
function draftMethods(methods: readonly string[]): readonly string[] {
  if (methods.length === 0) return none
  const all = methods.includes('GET') ? [...methods, 'HEAD'] : methods
  return Object.freeze([...new Set(all)].sort())
}

export function draftPath(spec: PathSpec, where: string, checks: Checks): PathMatch | undefined {
  if (spec.exact !== undefined) return draftExact(spec.exact, `${where}.exact`, checks)
  if (spec.prefix !== undefined) return draftPrefix(spec.prefix, `${where}.prefix`, checks)
  if (spec.pattern !== undefined) return draftPattern(spec.pattern, `${where}.pattern`, checks)
  if (spec.regex !== undefined) return draftRegex(spec.regex, `${where}.regex`, checks)
  return checks.refuse(where, 'one of exact, prefix, pattern or regex is wanted')
}

function draftExact(text: string, where: string, checks: Checks): PathMatch | undefined {
  const value = draftCanonical(text, where, checks)
  return value === undefined ? undefined : Object.freeze({ kind: 'exact', value })
}

/** Whole segments are matched, so that a slash at the end says nothing. */
function draftPrefix(text: string, where: string, checks: Checks): PathMatch | undefined {
  const path = draftCanonical(text, where, checks)
  if (path === undefined) return undefined
  const value = path === '/' ? path : path.replace(/\/$/, '')
  return Object.freeze({ kind: 'prefix', value, literal: segmentsOf(value).length })
}

/** The segments of a path without the empty one behind a slash at the end. */
const segmentsOf = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .filter((segment, at, all) => segment !== '' || at < all.length - 1)

const placeholder = /^\{([A-Za-z_][A-Za-z0-9_]{0,62})\}$/

function draftPattern(text: string, where: string, checks: Checks): PathMatch | undefined {
  const segments = segmentsOf(text)
  const names = segments.flatMap((segment) => placeholder.exec(segment)?.[1] ?? [])
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined)
    return checks.refuse(where, `{${twice}} stands there twice; every name may be used once`)
  const odd = segments.find((segment) => /[{}]/.test(segment) && !placeholder.test(segment))
  if (odd !== undefined)
    return checks.refuse(
      where,
      `segment "${odd}" mixes text and braces; write {name} for a whole segment`,
    )
  const fixed = text.split('/').map((segment) => (placeholder.test(segment) ? '-' : segment))
  if (draftCanonical(fixed.join('/'), where, checks) === undefined) return undefined
  const literal = segments.findIndex((segment) => placeholder.test(segment))
  return Object.freeze({
    kind: 'pattern',
    value: text,
    literal: literal < 0 ? segments.length : literal,
  })
}

function draftRegex(text: string, where: string, checks: Checks): PathMatch | undefined {
  const fault = regexFault(text)
  if (fault !== undefined) return checks.refuse(where, fault)
  const value = withoutAnchors(text)
  return Object.freeze({ kind: 'regex', value, literal: literalSegmentsOfRegex(value) })
}

/** Requests are compared in canonical form; a path in another form would match nothing (hostile-inputs P1 to P7). */
export function draftCanonical(text: string, where: string, checks: Checks): string | undefined {
  const canonical = canonicalPath(text)?.path
  if (canonical === text) return text
  const hint = brokenEscape.test(text)
    ? 'a % must be followed by two hex digits, as in %20'
    : hintFor(canonical ?? canonicalPath(encoded(text))?.path)
  return checks.refuse(where, `"${text}" is not a canonical path; ${hint}`)
}

const brokenEscape = /%(?![0-9a-f]{2})/i

/** Escapes stay what they are: `%2520` is another path than `%20`. */
const encoded = (text: string): string =>
  encodeURI(text.replace(/\p{Surrogate}/gu, '')).replace(/%25(?=[0-9a-f]{2})/gi, '%')

const hintFor = (right: string | undefined): string =>
  right === undefined
    ? 'a path begins with / and holds no query, fragment or control character'
    : `write "${right}"`

/** Fields that a proxy consumes: no condition can see them. */
const unseen = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'expect',
  'proxy-connection',
  'http2-settings',
])

function draftHeaderName(name: string, where: string, checks: Checks): string | undefined {
  const lower = name.toLowerCase()
  if (!unseen.has(lower)) return lower
  const instead = lower === 'host' ? 'use spec.hostnames' : 'it belongs to the connection'
  return checks.refuse(where, `header "${name}" cannot be a condition; ${instead}`)
}

type DraftName = (name: string, where: string, checks: Checks) => string | undefined

function draftValues(
  specs: readonly ValueSpec[],
  where: string,
  checks: Checks,
  draftName: DraftName,
): readonly ValueMatch[] | undefined {
  if (specs.length === 0) return none
  const drafts = specs.map((spec, at) => {
    const name = draftName(spec.name, `${where}[${at}].name`, checks)
    return name === undefined ? undefined : draftValue(name, spec, `${where}[${at}]`, checks)
  })
  const found = drafts.filter((draft) => draft !== undefined)
  if (found.length < drafts.length) return undefined
  const byText = new Map(
    found.map((match) => [`${match.name}\0${match.kind}\0${match.value}`, match]),
  )
  return Object.freeze([...byText].sort(([a], [b]) => compareTexts(a, b)).map(([, match]) => match))
}

function draftValue(
  name: string,
  spec: ValueSpec,
  where: string,
  checks: Checks,
): ValueMatch | undefined {
  if (spec.exact !== undefined) return Object.freeze({ name, kind: 'exact', value: spec.exact })
  if (spec.prefix !== undefined) return Object.freeze({ name, kind: 'prefix', value: spec.prefix })
  if (spec.present !== undefined)
    return Object.freeze({ name, kind: 'present', value: spec.present })
  if (spec.regex === undefined)
    return checks.refuse(where, 'one of exact, prefix, regex or present is wanted')
  const fault = regexFault(spec.regex)
  if (fault !== undefined) return checks.refuse(`${where}.regex`, fault)
  return Object.freeze({ name, kind: 'regex', value: spec.regex })
}
