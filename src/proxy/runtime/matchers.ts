import type { PathMatch, ValueMatch } from '../../model/match.ts'
import type { HeaderList } from '../http1/header-list.ts'
import { type TextTest, wholeMatch } from './regex.ts'

const slash = 47

/** Whether a whole canonical path satisfies a match. */
export function pathTest(match: PathMatch): TextTest {
  switch (match.kind) {
    case 'exact':
      return (path) => path === match.value
    case 'prefix':
      return prefixTest(match.value)
    case 'pattern':
      return patternTest(match.value.split('/').slice(1))
    case 'regex':
      return wholeMatch(match.value)
  }
}

/** Whole segments: `/orders` holds `/orders` and `/orders/1`, never `/ordersx`; `/` holds everything. */
function prefixTest(value: string): TextTest {
  const prefix = value.endsWith('/') ? value.slice(0, -1) : value
  return (path) =>
    path.startsWith(prefix) &&
    (path.length === prefix.length || path.charCodeAt(prefix.length) === slash)
}

/** `{name}` is one segment that is not empty. */
function patternTest(segments: readonly string[]): TextTest {
  const fixed = segments.map((segment) => (segment.startsWith('{') ? undefined : segment))
  return (path) => {
    let at = 1
    for (let i = 0; i < fixed.length; i++) {
      if (at > path.length) return false
      const next = path.indexOf('/', at)
      const end = next < 0 ? path.length : next
      const want = fixed[i]
      const fits =
        want === undefined ? end > at : end - at === want.length && path.startsWith(want, at)
      if (!fits) return false
      at = end + 1
    }
    return at > path.length
  }
}

/** A condition on a header or parameter, made ready. */
export interface ValueTest {
  readonly match: ValueMatch
  /** It must not be there. */
  readonly absent: boolean
  /** What every value must satisfy; undefined: any will do. */
  readonly test: TextTest | undefined
}

export function valueTest(match: ValueMatch): ValueTest {
  if (match.kind === 'present') return { match, absent: !match.value, test: undefined }
  return { match, absent: false, test: textTest(match.kind, match.value) }
}

function textTest(kind: 'exact' | 'prefix' | 'regex', value: string): TextTest {
  if (kind === 'exact') return (text) => text === value
  return kind === 'prefix' ? (text) => text.startsWith(value) : wholeMatch(value)
}

/**
 * Whether every field of that name satisfies the condition (U9). A value is taken whole, so that a list in one
 * field (`a,admin`) is not taken for its first member.
 */
export function headerFits({ match, absent, test }: ValueTest, headers: HeaderList): boolean {
  const { names } = headers
  let at = names.indexOf(match.name)
  if (at < 0) return absent
  if (absent) return false
  if (test === undefined) return true
  for (; at >= 0; at = names.indexOf(match.name, at + 1)) {
    if (!test(headers.valueAt(at))) return false
  }
  return true
}

/** The same for the values of a query parameter. */
export function parameterFits(
  { absent, test }: ValueTest,
  values: readonly string[] | undefined,
): boolean {
  if (values === undefined) return absent
  return !absent && (test === undefined || values.every(test))
}
