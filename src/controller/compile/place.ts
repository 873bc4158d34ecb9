import { comparePaths, type Match, type PathMatch } from '../../model/match.ts'
import { canonicalPath } from '../../model/path.ts'
import type { MatchSpec } from '../api/specs.ts'
import { Checks } from './checks.ts'
import { draftPath, everything } from './draft-match.ts'
import { literalSegmentsOfRegex, withoutAnchors } from './regex.ts'

/**
 * Where a match that cannot be understood would have stood. Its requests must not fall to a less specific
 * rule (invariant 3), so what can be known of its path is held.
 */
export interface Place {
  /** All paths it can have matched, to be answered with 503; absent when they cannot be told. */
  readonly hold: PathMatch | undefined
  /** The best rank it can have had. */
  readonly top: PathMatch
}

const anywhere: Place = Object.freeze({
  hold: undefined,
  top: Object.freeze({ kind: 'exact', value: '' }),
})

/** The place of a broken match; undefined spec: nothing of it is known. */
export function placeOf(spec: MatchSpec | undefined): Place {
  if (spec === undefined) return anywhere
  const path = spec.path === undefined ? everything.path : draftPath(spec.path, '', new Checks())
  if (path !== undefined) return { hold: path, top: path }
  const { exact, prefix, pattern, regex } = spec.path ?? {}
  if (exact !== undefined) return placeOfText('exact', exact)
  if (prefix !== undefined) return placeOfText('prefix', prefix)
  if (pattern !== undefined)
    return placeUnder('pattern', pattern, literalSegmentsOfPattern(pattern))
  if (regex !== undefined)
    return placeUnder('regex', withoutAnchors(regex), literalSegmentsOfRegex(withoutAnchors(regex)))
  return anywhere
}

/** A path in another form than the canonical one meant the canonical one, and one without its first slash that with it. */
function placeOfText(kind: 'exact' | 'prefix', text: string): Place {
  const canonical = canonicalPath(text.startsWith('/') ? text : `/${text}`)?.path
  const path =
    canonical === undefined ? undefined : draftPath({ [kind]: canonical }, '', new Checks())
  return path === undefined ? anywhere : { hold: path, top: path }
}

/** The leading segments that are plain text hold everything under them. */
function placeUnder(kind: 'pattern' | 'regex', value: string, literal: number): Place {
  const top: PathMatch = { kind, value, literal }
  if (literal === 0) return { hold: undefined, top }
  const prefix = value
    .split('/')
    .slice(0, literal + 1)
    .join('/')
  return { hold: draftPath({ prefix }, '', new Checks()), top }
}

const literalSegmentsOfPattern = (pattern: string): number => {
  const segments = pattern.split('/').slice(1)
  const first = segments.findIndex((segment) => /[{}]/.test(segment))
  return pattern.startsWith('/') ? (first < 0 ? segments.length : first) : 0
}

/**
 * Whether a match would have been tried after the broken one and before what holds its place: it could
 * get requests that were meant for the broken one.
 */
export function isSpoiledBy({ path }: Match, { hold, top }: Place): boolean {
  if (comparePaths(path, top) < 0) return false
  return hold === undefined || (comparePaths(path, hold) <= 0 && canMeet(path, hold))
}

/** Whether some path may satisfy both, as far as their fixed beginnings tell. */
function canMeet(a: PathMatch, b: PathMatch): boolean {
  const others = fixedSegments(b)
  return fixedSegments(a).every((segment, at) => at >= others.length || segment === others[at])
}

const fixedSegments = (path: PathMatch): string[] =>
  path.value.split('/').slice(1, path.kind === 'exact' ? undefined : path.literal + 1)
